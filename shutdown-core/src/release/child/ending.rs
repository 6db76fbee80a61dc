//! The steps from SIGTERM to the end of a child process. The caller sleeps between two looks.

use std::time::Duration;

use tokio::time::Instant;

use super::kernel::{self, State, Target};
use crate::resource::scope::TeardownScope;

/// How long a killed child may take to end, so that its end fits into the time of the teardown.
const TIME_TO_DIE: Duration = Duration::from_millis(500);
/// The part of the teardown's time that is kept to report.
const TIME_TO_REPORT: Duration = Duration::from_millis(50);
/// The first pause between two looks. Each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A child process that has received SIGTERM.
pub(super) struct Ending {
    child: u32,
    target: Target,
    asked: Instant,
    /// `None` outside of a stop.
    limits: Option<Limits>,
    /// The time between SIGTERM and SIGKILL, once the child has been killed.
    killed_after: Option<Duration>,
    pause: Duration,
}

struct Limits {
    kill: Instant,
    give_up: Instant,
}

/// What a look at the child shows.
pub(super) enum Look {
    /// It has not ended. The caller looks again after this time.
    Again(Duration),
    /// It has ended, or nothing more can be done.
    Ended(Result<(), String>),
}

impl Ending {
    /// Sends SIGTERM. The caller has seen that the child has not ended, and holds its handle: so the number is its own.
    pub(super) fn ask(child: u32) -> Result<Self, String> {
        let target = Target::of(child).map_err(|error| error.to_string())?;
        target.terminate().map_err(|error| format!("SIGTERM to {}: {error}", named(target, child)))?;
        let asked = Instant::now();
        let limits = TeardownScope::current().remaining().map(|left| Limits {
            kill: asked + left.saturating_sub(TIME_TO_DIE.min(left / 4)),
            give_up: asked + left.saturating_sub(TIME_TO_REPORT.min(left / 8)),
        });
        Ok(Self { child, target, asked, limits, killed_after: None, pause: FIRST_PAUSE })
    }

    /// Looks whether the child has ended, and kills it if its time is over.
    pub(super) fn look(&mut self) -> Look {
        let now = Instant::now();
        match kernel::state(self.child) {
            Err(error) => return Look::Ended(Err(error.to_string())),
            // Nothing may be sent to this number any more.
            Ok(State::Reaped) => return Look::Ended(self.ended()),
            Ok(State::Ended) if self.limits.is_none() || !self.target.has_others() => {
                return Look::Ended(self.ended());
            }
            Ok(State::Ended | State::Running) => {}
        }
        let mut pause = self.pause;
        if let Some(limits) = &self.limits {
            if now >= limits.give_up {
                let name = named(self.target, self.child);
                return Look::Ended(Err(format!("{name} has not ended, not even after SIGKILL")));
            }
            if now >= limits.kill && self.killed_after.is_none() {
                self.killed_after = Some(now - self.asked);
                if let Err(error) = self.target.kill() {
                    let name = named(self.target, self.child);
                    return Look::Ended(Err(format!("SIGKILL to {name}: {error}")));
                }
                pause = FIRST_PAUSE;
            }
            let next = if self.killed_after.is_some() { limits.give_up } else { limits.kill };
            self.pause = (pause * 2).min(LONGEST_PAUSE);
            pause = pause.min(next.saturating_duration_since(now)).max(FIRST_PAUSE);
        } else {
            self.pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Look::Again(pause)
    }

    fn ended(&self) -> Result<(), String> {
        let Some(time) = self.killed_after else { return Ok(()) };
        let name = named(self.target, self.child);
        Err(format!("{name} did not end within {time:.1?} of SIGTERM, and was killed (SIGKILL)"))
    }
}

fn named(target: Target, child: u32) -> String {
    match target {
        Target::Process(_) => format!("the process {child}"),
        Target::Group(_) => format!("the process group {child}"),
    }
}
