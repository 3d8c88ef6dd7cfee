//! What surrounds the objects of a store: a bucket's own settings.

/// What there is to know of a store, in the order in which it is shown: name, and what it says.
pub const FACTS: &[(&str, &str)] = &[
    ("region", "where it lies"),
    ("public", "whether everybody may read in it: `yes`, `no`"),
    ("public_access_block", "what is blocked: `all`, `none`, or the settings that are on"),
    ("policy_public", "whether its policy lets everybody in: `yes`, `no`"),
    ("acl_public", "whether its access list lets everybody in: `yes`, `no`"),
    ("encryption", "what new objects are encrypted with: `AES256`, `aws:kms`, `aws:kms, bucket key`, `none`"),
    ("logging", "where access is logged to: a place in S3, or `none`"),
    ("versioning", "`enabled`, `suspended`, `none`"),
    ("lifecycle", "rules that are on, and after how many days they remove objects; `none`"),
    ("replication", "where its objects are copied to, with the region; `none`"),
    ("tags", "its tags, such as the owner's: `owner=crm, env=prod`; `none`"),
];

/// A store and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// Its name, as URIs of its objects begin: `s3://bucket`.
    pub uri: String,
    /// One of each of [`FACTS`], in their order.
    pub facts: Vec<Fact>,
}

/// One thing that is known of a store, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// A name of [`FACTS`].
    pub name: &'static str,
    /// What is known; `Err`: why it is not. PRIVACY: tags are free text of their owner.
    pub value: Result<String, String>,
}

impl Store {
    /// The value of a fact; `None` where it is not known.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|f| f.name == name)?.value.as_deref().ok()
    }
}
