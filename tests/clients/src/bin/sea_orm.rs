//! A service with the pool of `sea-orm` 2.

mod library {
    pub(crate) use {sea_orm, sqlx};
}

include!("../sea_orm.rs");
