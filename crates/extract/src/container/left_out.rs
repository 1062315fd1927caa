//! What is said of files whose readers were left out of the program when it was built.

#[cfg(not(feature = "documents"))]
pub const DOCUMENTS: &str = "is a document, whose text was not read: this krea-scan was built without the feature `documents`; scan it with one \
     that has all features (cargo install --locked --path .)";
#[cfg(not(feature = "images"))]
pub const IMAGES: &str = "is a picture, whose packed fields were not read: this krea-scan was built without the feature \
                          `images`; scan it with one that has all features (cargo install --locked --path .)";
