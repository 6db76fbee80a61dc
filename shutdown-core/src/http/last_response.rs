//! What the head of the last response on an HTTP/1 connection says.

use http::header::{CONNECTION, Entry, HeaderName};
use http::{HeaderMap, HeaderValue, Response, Version};

/// Headers of HTTP/1.0 that say how long a connection is kept.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Makes `response` the last one on its connection, to a request of `version`.
///
/// `close` takes the place of what a handler has said about the connection. Other options of `Connection`, such as
/// `upgrade`, stay.
pub(super) fn make_last<B>(response: &mut Response<B>, version: Version) {
    let headers = response.headers_mut();
    let close = HeaderValue::from_static("close");
    match headers.entry(CONNECTION) {
        Entry::Vacant(entry) => {
            entry.insert(close);
        }
        Entry::Occupied(mut entry) => {
            let others = options(entry.iter()).filter(|option| !is_about_the_connection(option));
            let said = others.fold("close".to_owned(), |said, option| said + ", " + option);
            let said = HeaderValue::from_str(&said).unwrap_or(close);
            entry.insert(said);
        }
    }
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
    keep_to(version, response);
}

/// Gives a response to a request of HTTP/1.0 its version if it says `close`. hyper would append `keep-alive` to a
/// response of HTTP/1.1 for a client that asked for it.
pub(super) fn keep_to<B>(version: Version, response: &mut Response<B>) {
    if version == Version::HTTP_10 && closes(response.headers()) {
        *response.version_mut() = version;
    }
}

fn closes(headers: &HeaderMap) -> bool {
    options(headers.get_all(CONNECTION).iter()).any(|option| option.eq_ignore_ascii_case("close"))
}

fn options<'a>(values: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = &'a str> {
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|option| !option.is_empty())
}

fn is_about_the_connection(option: &str) -> bool {
    ["close", "keep-alive"].iter().any(|known| option.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(headers: &[(&'static str, &'static str)], version: Version) -> Response<()> {
        let mut response = Response::new(());
        for (name, value) in headers {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        make_last(&mut response, version);
        response
    }

    /// The one value of `Connection`.
    #[track_caller]
    fn connection(response: &Response<()>) -> &str {
        let values: Vec<_> = response.headers().get_all(CONNECTION).iter().collect();
        let [value] = values[..] else { panic!("{values:?}") };
        value.to_str().expect("text")
    }

    #[test]
    fn close_takes_the_place_of_what_a_handler_says_about_the_connection() {
        for said in [
            &[][..],
            &["keep-alive"],
            &["Keep-Alive"],
            &["close"],
            &["CLOSE, keep-alive"],
            &["close", "keep-alive"],
            &[" , "],
        ] {
            let headers: Vec<_> = said.iter().map(|value| ("connection", *value)).collect();
            for version in [Version::HTTP_10, Version::HTTP_11] {
                assert_eq!(connection(&last(&headers, version)), "close", "{said:?}");
            }
        }
    }

    #[test]
    fn other_options_of_the_connection_stay() {
        let upgrade = last(&[("connection", "Upgrade"), ("upgrade", "h2c")], Version::HTTP_11);
        assert_eq!(connection(&upgrade), "close, Upgrade");
        assert!(upgrade.headers().contains_key("upgrade"));
        let several =
            last(&[("connection", "keep-alive, x-hop"), ("connection", "upgrade")], Version::HTTP_11);
        assert_eq!(connection(&several), "close, x-hop, upgrade");
    }

    #[test]
    fn headers_that_promise_a_further_request_go() {
        let headers = [("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"), ("x-other", "kept")];
        let response = last(&headers, Version::HTTP_11);
        // A map of headers has no order after a removal.
        let mut names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["connection", "x-other"]);
    }

    #[test]
    fn a_response_that_closes_has_the_version_of_its_request() {
        assert_eq!(last(&[], Version::HTTP_10).version(), Version::HTTP_10);
        assert_eq!(last(&[], Version::HTTP_11).version(), Version::HTTP_11);
        let mut kept = Response::new(());
        keep_to(Version::HTTP_10, &mut kept);
        // hyper adds `keep-alive` to it.
        assert_eq!(kept.version(), Version::HTTP_11);
    }
}
