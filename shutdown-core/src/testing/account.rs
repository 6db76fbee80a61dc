//! What an assertion reads in a report: of this process, or of a service.

use std::fmt;
use std::time::Duration;

use super::report::ServiceReport;
use crate::report::{EdgeReport, Outcome, Report};

/// A report on which a test asserts: a [`Report`], or a [`ServiceReport`].
///
/// This trait is sealed.
pub trait Account: fmt::Display + private::Sealed {
    #[doc(hidden)]
    fn __status(&self) -> u8;
    #[doc(hidden)]
    fn __teardowns(&self) -> Vec<Torn<'_>>;
    #[doc(hidden)]
    fn __edges(&self) -> &[EdgeReport];
}

/// One instance: its name, and the begin and the end of its teardown.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Torn<'a> {
    pub(super) name: &'a str,
    /// `None` if the teardown never ran.
    pub(super) times: Option<(Duration, Duration)>,
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Report {}
    impl Sealed for super::ServiceReport {}
    impl<A: Sealed> Sealed for &A {}
}

impl Account for Report {
    fn __status(&self) -> u8 {
        self.exit_status()
    }

    fn __teardowns(&self) -> Vec<Torn<'_>> {
        let of = self.instances.iter().map(|instance| {
            let start = instance.start.filter(|_| instance.outcome != Outcome::NotRun);
            Torn { name: &instance.name, times: start.map(|start| (start, start + instance.took)) }
        });
        of.collect()
    }

    fn __edges(&self) -> &[EdgeReport] {
        &self.edges
    }
}

impl Account for ServiceReport {
    fn __status(&self) -> u8 {
        self.status
    }

    fn __teardowns(&self) -> Vec<Torn<'_>> {
        let of = self.instances.iter().map(|instance| {
            let times = instance.start.map(|start| (start, start + instance.took));
            Torn { name: &instance.name, times }
        });
        of.collect()
    }

    fn __edges(&self) -> &[EdgeReport] {
        &self.edges
    }
}

impl<A: Account> Account for &A {
    fn __status(&self) -> u8 {
        (*self).__status()
    }

    fn __teardowns(&self) -> Vec<Torn<'_>> {
        (*self).__teardowns()
    }

    fn __edges(&self) -> &[EdgeReport] {
        (*self).__edges()
    }
}
