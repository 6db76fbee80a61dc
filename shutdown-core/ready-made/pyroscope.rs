use lifecycle::Slot;
use pyroscope::PyroscopeError;
use pyroscope::pyroscope::{PyroscopeAgent, PyroscopeAgentRunning};

lifecycle::known_types! {
    PyroscopeAgent<PyroscopeAgentRunning>, "the profile since the last upload", "end", blocking, take;
}

trait End {
    fn end(self) -> Result<(), PyroscopeError>;
}

impl End for PyroscopeAgent<PyroscopeAgentRunning> {
    fn end(self) -> Result<(), PyroscopeError> {
        self.stop()?.shutdown();
        lifecycle::unconfirmed("the answers of Pyroscope are only logged");
        Ok(())
    }
}

#[lifecycle::resource(last)]
pub struct Profiler {
    #[teardown]
    pub agent: Slot<PyroscopeAgent<PyroscopeAgentRunning>>,
}
