//! The flags of how requests are sent.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::api::Variant;
use crate::args::whole_number::{from_one, from_zero};
use crate::hint::Failure;
use crate::humanize::duration;
use crate::rate::Rate;
use crate::settings::RequestSettings;

/// Without `--burst`, the rate's requests divided by this may leave at once.
const BURST_DIVISOR: u32 = 10;

/// A flag that is not given is None: a resumed run takes the recorded value.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Requests")]
pub struct RequestArgs {
    /// Send only the first N users; `resume` sends the rest
    #[arg(long, value_name = "N", value_parser = from_one::<NonZeroUsize>)]
    pub first: Option<NonZeroUsize>,

    /// Requests per window [default: 10/s; 160/5m for put-lease]
    #[arg(long, value_name = "N/W")]
    rate: Option<Rate>,

    /// Requests at once after a pause [default: a tenth of the rate]
    #[arg(long, value_name = "B", hide_short_help = true, value_parser = from_one::<NonZeroU32>)]
    burst: Option<NonZeroU32>,

    /// Maximum requests in progress [default: 8]
    #[arg(long, value_name = "REQUESTS", hide_short_help = true, value_parser = from_one::<NonZeroUsize>)]
    concurrency: Option<NonZeroUsize>,

    /// Retries of a request after transient failures [default: 5]
    #[arg(long, value_name = "TIMES", hide_short_help = true, value_parser = from_zero::<u32>)]
    max_retries: Option<u32>,

    /// Time limit for a response [default: 30s]
    #[arg(long, value_name = "TIME", hide_short_help = true, value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// Try every user, even if three in a row were refused for seats
    #[arg(long, hide_short_help = true)]
    keep_trying: bool,

    /// Serve users strictly in order; --until-full and --priority imply it
    #[arg(long, hide_short_help = true)]
    in_order: bool,
}

impl RequestArgs {
    /// How requests are sent. `defaults` fills in what is not given.
    pub fn settings(&self, defaults: &RequestSettings) -> anyhow::Result<RequestSettings> {
        let rate = self.rate.unwrap_or(defaults.rate);
        let burst = match (self.burst, self.rate) {
            (Some(burst), _) => burst,
            (None, Some(rate)) => default_burst(rate),
            (None, None) => defaults.burst,
        };
        if burst > rate.requests {
            bail!(
                Failure::new(format!("--burst {burst} is more than --rate {rate} allows"))
                    .hint(format!("use --burst {} or less", rate.requests))
            );
        }
        Ok(RequestSettings {
            rate,
            burst,
            concurrency: self.concurrency.unwrap_or(defaults.concurrency),
            max_retries: self.max_retries.unwrap_or(defaults.max_retries),
            timeout: self.timeout.unwrap_or(defaults.timeout),
            keep_trying: self.keep_trying || defaults.keep_trying,
            in_order: self.in_order || defaults.in_order,
        })
    }
}

/// How requests are sent by a variant of the call where no flag says otherwise.
pub fn default_requests(variant: Variant, in_order: bool) -> RequestSettings {
    let rate = match variant {
        Variant::PostLa => "10/s",
        Variant::PutLease => "160/5m",
    };
    let rate: Rate = rate.parse().expect("a rate");
    RequestSettings {
        rate,
        burst: default_burst(rate),
        concurrency: NonZeroUsize::new(8).expect("not zero"),
        max_retries: 5,
        timeout: Duration::from_secs(30),
        keep_trying: false,
        in_order,
    }
}

fn default_burst(rate: Rate) -> NonZeroU32 {
    NonZeroU32::new(rate.requests.get() / BURST_DIVISOR).unwrap_or(NonZeroU32::MIN)
}
