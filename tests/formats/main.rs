//! Files that hold text in some other form: archives, documents, pictures, mails, bundles and their maps.

mod builds;
mod bundles;
mod containers;
mod maps;
mod noise;
mod ocr;
mod office;
mod pack;
mod pdf;
mod pictures;
mod popular;
mod records;
#[path = "../support/mod.rs"]
mod support;
mod ways;
