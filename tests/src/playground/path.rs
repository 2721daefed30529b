//! `/path`: a way that forgets idle sessions, and what the agent's canaries find out about it.

use std::time::Duration;

use super::screen::Screen;
use super::stage::Stage;
use super::trouble::LOOK;

/// Sessions that are idle for so long are forgotten from now on.
pub(super) async fn forget_the_idle(stage: &Stage, screen: &Screen, limit: Duration) {
    stage.ground().forget_the_idle(limit).await;
    let seconds = limit.as_secs();
    screen.show(&format!(
        "  · the way forgets sessions that are idle for {seconds} s and says nothing. The agent's canaries will find \
         that out: 2 s take them about 20 s. /path off takes it away"
    ));
}

/// Shows what the canaries find, until it is dropped.
pub(super) async fn watch(stage: &Stage, screen: &Screen) {
    let mut known = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let found = stage.sidecar().idle_timeout().await;
        if found != known {
            screen.show(&news(found));
        }
        known = found;
    }
}

fn news(found: Option<f64>) -> String {
    match found {
        Some(seconds) => format!(
            "  ~ the canaries have found it: the way keeps idle sessions for {seconds:.1} s, and forgets them soon after"
        ),
        None => "  ~ what the canaries had found about the way is known no more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_said() {
        assert!(news(Some(1.96)).contains("for 2.0 s"));
        assert!(news(None).contains("no more"));
    }
}
