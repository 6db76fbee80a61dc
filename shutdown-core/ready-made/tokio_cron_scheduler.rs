use lifecycle::Managed;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

lifecycle::known_types! {
    JobScheduler, "the end of its schedule: jobs begin while resources are torn down", "end";
}

trait End {
    async fn end(&self) -> Result<(), JobSchedulerError>;
}

impl End for JobScheduler {
    async fn end(&self) -> Result<(), JobSchedulerError> {
        self.clone().shutdown().await
    }
}

#[lifecycle::resource]
pub struct Jobs {
    #[teardown]
    pub scheduler: JobScheduler,
}

pub async fn start(schedule: &str) -> Result<Managed<Jobs>, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let job = Job::new_async(schedule, |_, _| {
        Box::pin(async {
            // The drain waits until the pass is dropped. It has begun if there is no pass.
            let Some(_pass) = lifecycle::pass() else { return };
            println!("a job that the stop waits for");
        })
    })?;
    scheduler.add(job).await?;
    scheduler.start().await?;
    Ok(lifecycle::manage(Jobs { scheduler }))
}
