//! What LINE is told and verified by.

use sabai_daemon::secret::Secret;

use super::read;
use crate::line::TokenSource;

#[test]
fn line_is_told_by_token_or_by_id() {
    let config = read(&[], &[]).expect("valid");
    let secrets = config.line.secrets().expect("given");
    assert_eq!(
        secrets.iter().map(Secret::expose).collect::<Vec<_>>(),
        ["old-sekrit", "new-sekrit"]
    );
    let no_token = ("LINE_CHANNEL_ACCESS_TOKEN", "");
    let table = [
        (vec![], TokenSource::Fixed("token-sekrit".into())),
        (
            vec![no_token, ("LINE_CHANNEL_ACCESS_TOKEN_FILE", "/token")],
            TokenSource::File("/token".into()),
        ),
        (
            vec![no_token, ("LINE_CHANNEL_ID", "123")],
            TokenSource::Stateless {
                channel_id: "123".to_owned(),
            },
        ),
    ];
    for (changes, source) in table {
        let config = read(&changes, &[("/token", "file-sekrit")]).expect("valid");
        assert_eq!(config.line.token_source(), source);
    }
    let open = read(
        &[
            ("LINE_API_URL", "http://line:80"),
            ("LINE_DATA_API_URL", "http://[::1]:80"),
        ],
        &[],
    )
    .expect("valid");
    assert_eq!(
        open.warnings(),
        ["LINE_API_URL is http: the channel's token travels in plaintext"]
    );
}
