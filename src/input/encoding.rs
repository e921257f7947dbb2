//! The encoding that bytes seem to have. It is advice: only --encoding decodes by it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

/// The likely encoding of bytes that are not UTF-8, in the name that --encoding takes. The last character may be cut
/// off.
pub fn likely_encoding(bytes: &[u8]) -> Option<&'static str> {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_some() => {}
        _ => return None,
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    Some(detector.guess(None, Utf8Detection::Deny).name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_encodings_of_spreadsheets_are_recognised() {
        for (text, encoding, expected) in [
            (
                "ユーザーID,コード,部署\n田中,営業部",
                "shift_jis",
                "Shift_JIS",
            ),
            (
                "Größe;Straße;Käufer;Müller;Jörg",
                "windows-1252",
                "windows-1252",
            ),
            (
                "Пользователь;Лицензия;Иванов",
                "windows-1251",
                "windows-1251",
            ),
            ("用户,许可证,张伟,销售部门", "gb18030", "GBK"),
        ] {
            let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
            let bytes = encoding.encode(text).0;
            assert_eq!(likely_encoding(&bytes), Some(expected), "{text}");
        }
        assert_eq!(likely_encoding("Größe".as_bytes()), None);
        assert_eq!(likely_encoding(&"Größe".as_bytes()[..3]), None);
    }
}
