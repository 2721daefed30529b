//! A way to the stand-in that can be closed: until it is opened, connections to it are refused.

use sabai_tests::line::Line;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// A port that nobody listens on yet.
pub(crate) struct Road {
    port: u16,
}

impl Road {
    pub(crate) fn closed() -> Self {
        let port = sabai_tests::port::free().next().expect("a free port");
        Self { port }
    }

    /// What `LINE_API_URL` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Connections lead to `line` from now on, as long as the runtime lives.
    pub(crate) async fn open(&self, line: &Line) {
        let listener = TcpListener::bind(("127.0.0.1", self.port))
            .await
            .expect("the port is still free");
        let to = line.url().trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to = to.clone();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(to).await?;
                    copy_bidirectional(&mut from, &mut to).await
                });
            }
        });
    }
}
