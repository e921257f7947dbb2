//! One exchange over HTTP: from a request to an answer, whatever comes back.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use seatload::api::{
    AllocationRequest, Allocator, Client, Endpoint, Network, Response, ResponseKind, SentAt,
    Service, Token, TokenCache, TokenSource, Variant,
};
use tokio::io::AsyncWriteExt;
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::server::{RawServer, http, http_with};

fn request() -> AllocationRequest {
    AllocationRequest {
        user_ids: vec!["a".to_owned()],
        user_bundle_codes: vec!["IDU".into()],
        use_external_license: false,
    }
}

async fn exchange_at(base_url: &str, departure: &SentAt) -> Response {
    exchange_with("t0ken", base_url, departure).await
}

async fn exchange_with(token: &str, base_url: &str, departure: &SentAt) -> Response {
    let endpoint = Endpoint::new(base_url, Variant::PostLa, None, "acc-1").unwrap();
    let token = Token::new(token.to_owned().into(), "test").unwrap();
    let network = Network {
        timeout: Duration::from_secs(30),
        ..Network::default()
    };
    let tokens = TokenCache::new(TokenSource::Static(token), &network).unwrap();
    let client = Client::new(endpoint.url().clone(), tokens, &network).unwrap();
    let allocator = Allocator {
        client: &client,
        endpoint: &endpoint,
    };
    allocator.exchange(request(), departure.clone()).await
}

async fn response_of(response: ResponseTemplate) -> Response {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/la/api/account/acc-1/user-license"))
        .and(header("authorization", "Bearer t0ken"))
        .and(header("content-type", "application/json"))
        .and(body_string(
            r#"{"userIds":["a"],"userBundleCodes":["IDU"],"useExternalLicense":false}"#,
        ))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    exchange_at(&server.uri(), &SentAt::default()).await
}

/// The answer to bytes that no well-kept server would send.
async fn response_of_bytes(bytes: Vec<u8>) -> ResponseKind {
    let server = RawServer::answering(move |_, _| bytes.clone());
    exchange_at(&server.base_url, &SentAt::default()).await.kind
}

#[tokio::test]
async fn the_documented_response_is_read() {
    let body = r#"[{"userId":"a","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"]}]"#;
    let response = response_of(ResponseTemplate::new(200).set_body_string(body)).await;
    let ResponseKind::Allocated(confirmation) = response.kind else {
        panic!("{response:?}");
    };
    assert_eq!(confirmation.confirmed, [("o".into(), vec![0])]);
}

#[tokio::test]
async fn any_2xx_confirms_users_by_the_documented_array_and_no_user_without_it() {
    let array = r#"[{"userId":"a","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"]}]"#;
    for (status, body, confirmed, unconfirmed) in [
        (201, array, 1, 0),
        (207, array, 1, 0),
        (202, "", 0, 1),
        (204, "", 0, 1),
        (202, r#"{"accepted":true}"#, 0, 1),
    ] {
        let response = response_of(ResponseTemplate::new(status).set_body_string(body)).await;
        let ResponseKind::Allocated(confirmation) = response.kind else {
            panic!("{response:?}");
        };
        assert_eq!(confirmation.confirmed.len(), confirmed, "{status}");
        assert_eq!(confirmation.unconfirmed.len(), unconfirmed, "{status}");
    }
}

#[tokio::test]
async fn a_rejection_has_its_status_and_the_services_message() {
    let body = r#"{"message":"no seats"}"#;
    let response = response_of(ResponseTemplate::new(409).set_body_string(body)).await;
    assert_eq!(
        response.kind,
        ResponseKind::Status {
            status: 409,
            message: "no seats".into(),
            is_html: false
        }
    );
}

#[tokio::test]
async fn the_headers_that_say_when_to_send_again_are_read() {
    let response = ResponseTemplate::new(429)
        .insert_header("Retry-After", "3")
        .insert_header("RateLimit-Remaining", "0")
        .insert_header("RateLimit-Reset", "7");
    let limits = response_of(response).await.limits;
    assert_eq!(limits.retry_after, Some(Duration::from_secs(3)));
    assert_eq!(limits.budget.unwrap().reset, Duration::from_secs(7));
}

#[tokio::test]
async fn a_body_of_more_than_16_mib_is_read_no_further() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..18 {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(&chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    let answer = response_of_bytes(bytes).await;
    assert!(
        matches!(&answer, ResponseKind::InvalidBody { reason, .. } if reason.contains("more than 16 MiB")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_response_that_is_cut_off_is_no_response() {
    let answer = response_of_bytes(
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[{\"userId\":\"a\"".to_vec(),
    )
    .await;
    assert!(
        matches!(answer, ResponseKind::InvalidBody { .. }),
        "{answer:?}"
    );
    let answer =
        response_of_bytes(b"HTTP/1.1 409 Conflict\r\nContent-Length: 900\r\n\r\n{".to_vec()).await;
    assert!(
        matches!(answer, ResponseKind::Status { status: 409, .. }),
        "{answer:?}"
    );
    let answer = response_of_bytes(Vec::new()).await;
    assert!(
        matches!(answer, ResponseKind::NoResponse { was_sent: true, .. }),
        "{answer:?}"
    );
    let answer = response_of_bytes(b"garbage\r\n\r\n".to_vec()).await;
    assert!(
        matches!(answer, ResponseKind::NoResponse { was_sent: true, .. }),
        "{answer:?}"
    );
}

const CONFIRMING: &str =
    r#"[{"userId":"a","userBundleCodes":["IDU"],"useExternalLicense":false,"organizationId":"o"}]"#;

fn confirms(kind: &ResponseKind) -> bool {
    matches!(kind, ResponseKind::Allocated(confirmation) if confirmation.confirmed.len() == 1)
}

fn gzip_with(bytes: impl FnOnce(&mut GzEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut body = GzEncoder::new(Vec::new(), Compression::best());
    bytes(&mut body);
    let body = body.finish().unwrap();
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

#[tokio::test]
async fn a_compressed_response_is_asked_for_and_read() {
    let response = ResponseTemplate::new(200).set_body_raw(CONFIRMING, "application/json");
    let server = MockServer::start().await;
    Mock::given(header("accept-encoding", "gzip"))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    let plain = exchange_at(&server.uri(), &SentAt::default()).await;
    assert!(confirms(&plain.kind), "{:?}", plain.kind);
    let bytes = gzip_with(|body| body.write_all(CONFIRMING.as_bytes()).unwrap());
    let kind = response_of_bytes(bytes).await;
    assert!(confirms(&kind), "{kind:?}");
}

/// 300 MiB of blanks take 300 KB.
#[tokio::test]
async fn a_response_that_grows_when_it_is_unpacked_is_read_no_further() {
    let blanks = vec![b' '; 1 << 20];
    let bytes = gzip_with(|body| (0..300).for_each(|_| body.write_all(&blanks).unwrap()));
    assert!(bytes.len() < 1 << 20);
    let kind = response_of_bytes(bytes).await;
    assert!(
        matches!(&kind, ResponseKind::InvalidBody { reason, .. } if reason.contains("more than 16 MiB")),
        "{kind:?}"
    );
}

#[tokio::test]
async fn bytes_that_are_not_compressed_as_their_header_says_are_no_response() {
    let bytes = http_with(200, "Content-Encoding: gzip\r\n", "\u{1f}…");
    let kind = response_of_bytes(bytes).await;
    assert!(matches!(kind, ResponseKind::InvalidBody { .. }), "{kind:?}");
}

#[tokio::test]
async fn a_byte_order_mark_before_the_json_is_ignored() {
    let kind = response_of_bytes(http(200, &format!("\u{feff}{CONFIRMING}"))).await;
    assert!(confirms(&kind), "{kind:?}");
}

#[tokio::test]
async fn a_request_to_a_closed_port_was_not_sent() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let departure = SentAt::default();
    let answer = exchange_at(&base_url, &departure).await.kind;
    assert!(
        matches!(
            answer,
            ResponseKind::NoResponse {
                was_sent: false,
                ..
            }
        ),
        "{answer:?}"
    );
    assert_eq!(departure.get(), None);
}

/// The clock is paused: it jumps to the timeout once nothing else can happen.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_the_time_limit() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let begin = tokio::time::Instant::now();
    let answer = exchange_at(&base_url, &SentAt::default()).await.kind;
    assert!(
        matches!(&answer, ResponseKind::NoResponse { reason, .. } if reason.contains("within the time limit")),
        "{answer:?}"
    );
    assert!(begin.elapsed() <= Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn a_slow_response_is_given_up_after_the_time_limit() {
    let dripping = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", dripping.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = dripping.accept().await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[";
        for byte in answer.iter().chain(std::iter::repeat_n(&b' ', 1000)) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let begin = tokio::time::Instant::now();
    let answer = exchange_at(&base_url, &SentAt::default()).await.kind;
    assert!(
        matches!(
            answer,
            ResponseKind::NoResponse { .. } | ResponseKind::InvalidBody { .. }
        ),
        "{answer:?}"
    );
    assert!(begin.elapsed() <= Duration::from_secs(31));
}

#[tokio::test]
async fn a_response_before_the_end_of_the_request_is_read() {
    let hasty = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", hasty.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = hasty.accept().unwrap();
        std::io::Write::write_all(&mut stream, &http_with(409, "", r#"{"message":"full"}"#))
            .unwrap();
        // The connection is kept until the client has read.
        let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
    });
    let answer = exchange_at(&base_url, &SentAt::default()).await.kind;
    assert!(
        matches!(
            answer,
            ResponseKind::Status { status: 409, .. } | ResponseKind::NoResponse { .. }
        ),
        "{answer:?}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_reset_connection_is_no_response() {
    let resetting = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", resetting.local_addr().unwrap());
    let server = std::thread::spawn(move || drop(resetting.accept().unwrap()));
    let answer = exchange_at(&base_url, &SentAt::default()).await.kind;
    assert!(
        matches!(answer, ResponseKind::NoResponse { .. }),
        "{answer:?}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_server_without_tls_gets_neither_request_nor_token() {
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("https://{}", plain.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let mut first = vec![0; 4096];
        let read = std::io::Read::read(&mut stream, &mut first).unwrap();
        first.truncate(read);
        std::io::Write::write_all(
            &mut stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        )
        .unwrap();
        first
    });
    let answer = exchange_at(&base_url, &SentAt::default()).await.kind;
    assert!(
        matches!(
            answer,
            ResponseKind::NoResponse {
                was_sent: false,
                ..
            }
        ),
        "{answer:?}"
    );
    let first = server.join().unwrap();
    assert!(
        !first
            .windows(6)
            .any(|bytes| bytes == b"t0ken\0" || bytes == b"Bearer")
    );
}

#[tokio::test]
async fn an_unknown_host_is_no_response() {
    let answer = exchange_at("https://nowhere.invalid", &SentAt::default())
        .await
        .kind;
    assert!(
        matches!(
            answer,
            ResponseKind::NoResponse {
                was_sent: false,
                ..
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_not_a_success() {
    for body in [
        r#"{"userId":"a","userBundleCodes":["IDU"]}"#,
        r#"[["a"]]"#,
        r#"[{"userId":7}]"#,
        r#"[{"userId":"a","userBundleCodes":"IDU"}]"#,
        r#"[{"userId":"a"}] and more"#,
        "null",
        "[",
    ] {
        let response = response_of(ResponseTemplate::new(200).set_body_string(body)).await;
        assert!(
            matches!(response.kind, ResponseKind::InvalidBody { .. }),
            "{body}: {response:?}"
        );
    }
}

#[tokio::test]
async fn no_part_of_a_token_is_kept_of_a_response() {
    let token = "s3cret+".repeat(100);
    let in_json = token.replace('+', "\\u002B");
    let page = format!("<html><title>{token}</title></html>");
    for (status, body) in [
        (200, format!("\"{in_json}\"")),
        (200, format!("[\"{in_json}\"]")),
        (200, format!("{}[\"{in_json}\"]", " ".repeat(70_000))),
        (200, page.clone()),
        (502, page),
        (400, format!("{{\"message\":\"{in_json}\"}}")),
        (400, format!("{}{token}", " ".repeat(64 * 1024 - 50))),
    ] {
        let server = RawServer::answering(move |_, _| http(status, &body));
        let told = exchange_with(&token, &server.base_url, &SentAt::default()).await;
        let told = format!("{told:?}");
        assert!(!told.contains("s3cret"), "{told}");
        assert!(told.contains(&status.to_string()), "{told}");
    }
}
