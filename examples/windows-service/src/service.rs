//! The conversation with the service manager.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use lifecycle::Process;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};

use crate::{GRACE, serve};

const NAME: &str = "echo";

/// `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`: the program was started in a console.
const NOT_A_SERVICE: i32 = 1063;

define_windows_service!(service_entry, service_main);

/// Runs the service until it has stopped. Returns `None` if the program was started in a console.
pub(crate) fn run_under_the_service_manager() -> Option<ExitCode> {
    match service_dispatcher::start(NAME, service_entry) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(windows_service::Error::Winapi(error)) if error.raw_os_error() == Some(NOT_A_SERVICE) => None,
        Err(error) => {
            eprintln!("cannot reach the service manager: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn service_main(_arguments: Vec<OsString>) {
    let Ok(manager) = service_control_handler::register(NAME, on_control) else { return };
    tell(manager, ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    let exit = Process::new().grace(GRACE).run(serve_and_tell(manager));
    // The service manager shows the failure, and starts the service again if it is configured to.
    let code = if exit == ExitCode::SUCCESS {
        ServiceExitCode::NO_ERROR
    } else {
        ServiceExitCode::ServiceSpecific(1)
    };
    tell(manager, ServiceState::Stopped, code);
}

/// Runs on a thread of the service manager, and returns at once: the stop goes on without it.
fn on_control(control: ServiceControl) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Stop => lifecycle::shutdown("the service manager stops the service"),
        ServiceControl::Preshutdown => lifecycle::shutdown("Windows is about to shut down"),
        ServiceControl::Interrogate => {}
        _ => return ServiceControlHandlerResult::NotImplemented,
    }
    ServiceControlHandlerResult::NoError
}

async fn serve_and_tell(manager: ServiceStatusHandle) -> io::Result<()> {
    // From now on there is a lifecycle that a control can stop.
    tell(manager, ServiceState::Running, ServiceExitCode::NO_ERROR);
    lifecycle::spawn(async move {
        lifecycle::stopping().await;
        tell(manager, ServiceState::StopPending, ServiceExitCode::NO_ERROR);
    });
    serve().await
}

fn tell(manager: ServiceStatusHandle, state: ServiceState, exit_code: ServiceExitCode) {
    let is_running = state == ServiceState::Running;
    let is_on_its_way = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
    // An error means that the service manager is gone, and Windows with it.
    let _ = manager.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: match is_running {
            true => ServiceControlAccept::STOP | ServiceControlAccept::PRESHUTDOWN,
            false => ServiceControlAccept::empty(),
        },
        exit_code,
        checkpoint: u32::from(is_on_its_way),
        // The manager waits this long for the next state.
        wait_hint: if is_on_its_way { GRACE } else { Duration::ZERO },
        process_id: None,
    });
}
