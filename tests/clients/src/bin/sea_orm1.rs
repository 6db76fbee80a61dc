//! A service with the pool of `sea-orm` 1.1.

mod library {
    pub(crate) use {sea_orm1 as sea_orm, sqlx08 as sqlx};
}

include!("../sea_orm.rs");
