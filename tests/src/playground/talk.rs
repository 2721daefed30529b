//! The chat in the terminal: a typed line becomes a customer's event, or does something to the bot. Works piped too:
//! then each line waits until the one before it is answered and saved.

use std::io::BufRead;
use std::time::Duration;

use tokio::sync::mpsc;

use super::answers::Answers;
use super::command::{self, Command};
use super::path;
use super::screen::Screen;
use super::stage::Stage;
use super::trouble;
use crate::line::Profile;
use crate::webhook::{Event, Message, Webhook, id};
use crate::world::contract;

/// Before the next prompt, so that answers usually stand above it.
const GLANCE: Duration = Duration::from_millis(700);
/// Longer than a lease: whatever was killed on the way has ended by then.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_IN_TROUBLE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(500);
const FIRST_CUSTOMER: &str = "ann";

const WELCOME: &str = "
Sabai is ready. You are ann, a customer of a small shop, and this is her chat with the shop's bot.
Say hello, or ขอดูเมนู; send a /sticker; let LINE deliver it /again; take it back with /unsend; /kill the bot
and go on; or take Postgres away with /fault gone, and back with /heal. An agent watches all that: /probe shows the way
to Postgres stage by stage, and after /path 2 its canaries find out what is wrong with the way. /help lists the rest.";

/// Starts everything, then chats until the end of input or `/quit`.
///
/// # Errors
/// What could not be started, or went away.
pub(super) async fn talk(screen: &Screen, kube: bool) -> anyhow::Result<()> {
    let stage = Stage::start(screen, "chat.log", kube).await?;
    screen.show(WELCOME);
    screen.show(&format!(
        "The bot's log: {}\nThe agent's:   {}\n",
        stage.log().path().display(),
        stage.sidecar().log().path().display()
    ));
    if let Some(cluster) = stage.cluster() {
        screen.show(&cluster.way_in());
    }
    let answers = Answers::new();
    let database = stage.database();
    let line = stage.line().clone();
    let showing = answers.clone().show(&line, &database, screen);
    let mut chat = Chat {
        webhook: stage.webhook(),
        stage: &stage,
        screen,
        answers,
        customer: String::new(),
        last: None,
        message: None,
    };
    chat.become_customer(FIRST_CUSTOMER);
    tokio::select! {
        ended = chat.run() => ended,
        () = showing => Ok(()),
        () = trouble::watch(&stage, screen) => Ok(()),
        () = path::watch(&stage, screen) => Ok(()),
    }
}

struct Chat<'a> {
    stage: &'a Stage,
    screen: &'a Screen,
    webhook: Webhook,
    answers: Answers,
    customer: String,
    last: Option<Event>,
    /// The last message that can be taken back.
    message: Option<Event>,
}

impl Chat<'_> {
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut lines = lines()?;
        let patience = if self.screen.is_terminal() {
            GLANCE
        } else {
            PATIENCE
        };
        loop {
            self.screen.ask(&format!("{}> ", self.customer));
            let line = lines.recv().await;
            self.screen.answered();
            let Some(line) = line else {
                self.screen.show("");
                break;
            };
            if !self.screen.is_terminal() {
                self.screen.show(&format!("{}> {line}", self.customer));
            }
            match Command::parse(&line) {
                Command::Quit => break,
                command => self.obey(command).await?,
            }
            // While something is wrong an answer may have to wait for the end of it.
            let ground = self.stage.ground();
            let wrong = !ground.in_force().await.is_empty() || ground.idle_limit().await.is_some();
            let patience = if wrong {
                patience.min(PATIENCE_IN_TROUBLE)
            } else {
                patience
            };
            self.answers.shown(patience).await;
        }
        self.screen.show("stopping");
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> anyhow::Result<()> {
        match command {
            Command::Nothing | Command::Quit => {}
            Command::Text(text) => self.say(Message::Text(text)),
            Command::Image => self.say(Message::Image),
            Command::Sticker => self.say(Message::Sticker),
            Command::File(name) => self.say(Message::File { name, bytes: 2138 }),
            Command::User(name) => self.become_customer(&name),
            Command::Unsend => match self.message.take().and_then(|message| message.unsent()) {
                Some(unsend) => self.send(unsend),
                None => self.screen.show("  ! there is no message to take back"),
            },
            Command::Again => self.again().await,
            Command::Kill => self.kill().await?,
            Command::Fault(mishap) => {
                trouble::inflict(self.stage, self.screen, mishap).await;
                trouble::status(self.stage, self.screen).await;
            }
            Command::Faults => self.screen.show(&trouble::list()),
            Command::Heal => {
                trouble::heal(self.stage, self.screen).await;
                trouble::status(self.stage, self.screen).await;
            }
            Command::Status => trouble::status(self.stage, self.screen).await,
            Command::Probe => self.probe().await,
            Command::Path(Some(limit)) => path::forget_the_idle(self.stage, self.screen, limit).await,
            Command::Path(None) => {
                trouble::heal(self.stage, self.screen).await;
                trouble::status(self.stage, self.screen).await;
            }
            Command::Sql => self.screen.show(&format!(
                "  {}\n  then: select event, kind, user_text, outcome, rule from turn order by event;",
                self.stage.database().psql()
            )),
            Command::Kubectl(arguments) => self.kubectl(&arguments).await,
            Command::Help => self.screen.show(command::HELP),
            Command::Wrong(problem) => self.screen.show(&format!("  ! {problem}")),
        }
        Ok(())
    }

    fn become_customer(&mut self, name: &str) {
        let profile = Profile {
            display_name: name.to_owned(),
            language: None,
        };
        self.stage
            .line()
            .set_profile(&id::user(name), Some(profile));
        name.clone_into(&mut self.customer);
        self.message = None;
    }

    fn say(&mut self, message: Message) {
        let event = Event::message(&self.customer, message);
        self.message = Some(event.clone());
        self.send(event);
    }

    /// Delivers as LINE does: again and again, until it is acknowledged. Does not wait.
    fn send(&mut self, event: Event) {
        self.last = Some(event.clone());
        let key = contract::event_key(self.stage.destination(), &event.id);
        self.answers.expect(&event.id, key);
        let (webhook, screen, answers) = (
            self.webhook.clone(),
            self.screen.clone(),
            self.answers.clone(),
        );
        tokio::spawn(async move {
            let mut events = [event];
            loop {
                let delivery = webhook.deliver(&events).await;
                if delivery.acknowledged() {
                    return answers.acknowledged(&events[0].id, delivery.duration);
                }
                let why = match delivery.outcome {
                    Ok(status) => format!("status {status}"),
                    Err(failure) => failure.to_string(),
                };
                screen.show(&format!(
                    "  ! not acknowledged ({why}); LINE delivers it again"
                ));
                tokio::time::sleep(PAUSE).await;
                events = events.map(|event| event.redelivered());
            }
        });
    }

    async fn again(&self) {
        let Some(last) = &self.last else {
            return self.screen.show("  ! nothing was delivered yet");
        };
        let delivery = self.webhook.deliver(&[last.redelivered()]).await;
        let took = delivery.duration.as_millis();
        let accepted = self.stage.line().accepted_for(&last.id).len();
        self.screen.show(&match delivery.outcome {
            Ok(status) => format!(
                "  · the same event again, marked as redelivered: status {status} after {took} ms; \
                 LINE has accepted {accepted} answer(s) to it in all"
            ),
            Err(failure) => format!("  ! no answer to the redelivery: {failure}"),
        });
    }

    async fn kubectl(&self, arguments: &[String]) {
        let Some(cluster) = self.stage.cluster() else {
            return self
                .screen
                .show("  ! there is no API server: start with --kube");
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match cluster.kubectl(&arguments).await {
            Ok(output) => {
                let said = output.stdout + &output.stderr;
                self.screen.show(said.trim_end());
            }
            Err(error) => self.screen.show(&format!("  ! {error:#}")),
        }
    }

    async fn probe(&self) {
        match self.stage.sidecar().probe().await {
            Ok(ended) => {
                let lines = ended.output.trim_end().lines();
                let page: Vec<_> = lines.map(|line| format!("  {line}")).collect();
                self.screen.show(&page.join("\n"));
            }
            Err(error) => self.screen.show(&format!("  ! {error:#}")),
        }
    }

    async fn kill(&self) -> anyhow::Result<()> {
        self.stage.kill_bot().await;
        self.screen.show("  · killed the bot; starting it again");
        let took = self.stage.start_bot().await?;
        self.screen.show(&format!(
            "  · the bot is back after {} ms; nothing that was acknowledged is lost",
            took.as_millis()
        ));
        Ok(())
    }
}

/// What is typed or piped in. A thread of its own, since reading a terminal cannot be interrupted.
fn lines() -> anyhow::Result<mpsc::Receiver<String>> {
    let (sender, lines) = mpsc::channel(16);
    let read = move || {
        for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new()
        .name("read what is typed".into())
        .spawn(read)?;
    Ok(lines)
}
