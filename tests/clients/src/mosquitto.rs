//! Mosquitto, an MQTT broker.

use std::net::TcpStream;
use std::ops::Deref;

use lifecycle_services_tests::{Place, Server, installed};

/// A Mosquitto broker for the tests, with its data in memory.
#[derive(Debug)]
pub struct Mosquitto(Server);

impl Mosquitto {
    /// Starts a broker.
    ///
    /// # Panics
    ///
    /// If the program is missing. The message is the command that installs it.
    #[must_use]
    pub fn start() -> Mosquitto {
        Mosquitto::with("topic readwrite #\n")
    }

    /// Starts a broker that takes no message.
    ///
    /// # Panics
    ///
    /// If the program is missing. The message is the command that installs it.
    #[must_use]
    pub fn refusing() -> Mosquitto {
        Mosquitto::with("topic read #\n")
    }

    /// Starts a broker with this list of rights.
    fn with(rights: &str) -> Mosquitto {
        let place = Place::new("mosquitto");
        let port = place.port;
        let (config, list) = (place.folder.join("config"), place.folder.join("rights"));
        std::fs::write(&list, rights).expect("the folder is ours");
        // No limit for the messages that a slow subscriber has not taken yet.
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nacl_file {}\n",
            list.display()
        );
        std::fs::write(&config, text).expect("the folder is ours");
        let mut command = place.command(installed("mosquitto", "mosquitto"));
        command.arg("-c").arg(&config);
        Mosquitto(place.start(command, || TcpStream::connect(("127.0.0.1", port)).is_ok()))
    }
}

impl Deref for Mosquitto {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}
