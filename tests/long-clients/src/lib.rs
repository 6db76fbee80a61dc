//! Nothing but features: trybuild passes on the dependencies of a feature, and not the features of dependencies.
