//! Somebody in the bot's place at its control socket, and the road there: a symbolic link that leads now to the bot, now
//! to somebody else, now nowhere.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sabai_tests::wait::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::interval;

/// What is answered to everything.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Nothing,
    /// A head that takes hours.
    ByteByByte,
    Bytes(&'static [u8]),
    /// HTTP 500.
    Refusal,
    /// A body that goes on for as long as somebody reads.
    WithoutEnd,
    /// HTTP 200 with this body.
    Json(String),
}

/// The path of a control socket.
pub(super) struct Road {
    path: PathBuf,
    bot: PathBuf,
    folder: PathBuf,
    stand_ins: AtomicU32,
}

/// Answers until it is dropped.
pub(super) struct StandIn {
    asked: Arc<AtomicU32>,
    listening: JoinHandle<()>,
}

impl Road {
    /// To the bot at first.
    pub(super) fn to(bot: &Path, folder: &Path) -> Self {
        let folder = folder.join("road");
        std::fs::create_dir(&folder).expect("a folder of our own");
        let road = Self {
            path: folder.join("bot.sock"),
            bot: bot.to_owned(),
            folder,
            stand_ins: AtomicU32::new(0),
        };
        road.leads_to_the_bot();
        road
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn leads_to_the_bot(&self) {
        self.leads(&self.bot);
    }

    pub(super) fn leads_nowhere(&self) {
        self.leads(&self.folder.join("nobody.sock"));
    }

    pub(super) fn leads_to(&self, answer: Answer) -> StandIn {
        let number = self.stand_ins.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.sock"));
        let listener = UnixListener::bind(&path).expect("a socket of our own");
        let asked = Arc::new(AtomicU32::new(0));
        let listening = tokio::spawn(listen(listener, answer, Arc::clone(&asked)));
        self.leads(&path);
        StandIn { asked, listening }
    }

    /// At once: nobody ever finds no link.
    fn leads(&self, to: &Path) {
        let aside = self.folder.join("new");
        symlink(to, &aside).expect("a link");
        std::fs::rename(&aside, &self.path).expect("a link in its place");
    }
}

impl StandIn {
    /// Waits until it was asked so often, and who asked has gone.
    pub(super) async fn is_asked(&self, times: u32, limit: Duration) {
        eventually(limit, "the stand-in to be asked", async || {
            match self.asked.load(Ordering::Relaxed) {
                asked if asked >= times => Ok(()),
                asked => Err(format!("{asked} times")),
            }
        })
        .await;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: UnixListener, answer: Answer, asked: Arc<AtomicU32>) {
    let mut conversations = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (answer, asked) = (answer.clone(), Arc::clone(&asked));
        conversations.spawn(async move {
            // Who asked goes away when it has had enough, whatever is left to be said.
            let _ = converse(stream, &answer).await;
            asked.fetch_add(1, Ordering::Relaxed);
        });
    }
}

async fn converse(mut stream: UnixStream, answer: &Answer) -> std::io::Result<()> {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await?;
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    match answer {
        Answer::Nothing => {}
        Answer::ByteByByte => {
            let mut turns = interval(Duration::from_millis(100));
            for byte in ok.as_bytes().iter().cycle() {
                turns.tick().await;
                stream.write_all(&[*byte]).await?;
            }
        }
        Answer::Bytes(bytes) => stream.write_all(bytes).await?,
        Answer::Refusal => {
            let refusal = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops";
            stream.write_all(refusal).await?;
        }
        Answer::WithoutEnd => {
            stream.write_all(format!("{ok}\r\n").as_bytes()).await?;
            loop {
                stream.write_all(&[b' '; 65_536]).await?;
            }
        }
        Answer::Json(body) => {
            let answer = format!("{ok}content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await?;
        }
    }
    // Until the other side has had enough.
    while stream.read(&mut head).await? > 0 {}
    Ok(())
}
