//! What one column is to a key, and why.

/// Whether a relation is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It links.
    Accepted,
    /// It may be one; a person decides.
    Proposed,
    /// The rows of both name different people: it is none.
    Contradicted,
}

impl Status {
    /// As shown and stored.
    pub fn code(self) -> &'static str {
        match self {
            Status::Accepted => "accepted",
            Status::Proposed => "proposed",
            Status::Contradicted => "contradicted",
        }
    }
}

/// Why a relation has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Rows of both that hold the same key name the same people.
    SamePeople,
    /// The names agree, and such values are not in two columns by chance.
    Telling,
    /// Tables of one database, and the column is named after the other table.
    ForeignKey,
    /// The names agree, but such numbers may be in both by chance.
    Chance,
    /// The names speak of different things.
    OtherName,
    /// Too few values to tell.
    Few,
    /// Another column of the dataset refers to the same key with more right.
    OtherColumn,
    /// The configuration says that findings are only proposed.
    NotAsked,
    /// On all values, not only on the sample, too few are in the key.
    NotContained,
    /// Rows of both that hold the same key name different people.
    OtherPeople,
}

impl Verdict {
    /// One phrase for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::SamePeople => "rows with the same key name the same people",
            Verdict::Telling => "same name, and such values are not shared by chance",
            Verdict::ForeignKey => "tables of one database, named after the other table",
            Verdict::Chance => "same name, but such numbers may be shared by chance",
            Verdict::OtherName => "the names speak of different things",
            Verdict::Few => "too few values to tell",
            Verdict::OtherColumn => "another column refers to the same key with more right",
            Verdict::NotAsked => "piimap.toml asks for proposals only",
            Verdict::NotContained => "on all values, too few are in the key",
            Verdict::OtherPeople => "rows with the same key name different people",
        }
    }

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Verdict::SamePeople => "same_people",
            Verdict::Telling => "telling_values",
            Verdict::ForeignKey => "foreign_key",
            Verdict::Chance => "chance",
            Verdict::OtherName => "other_name",
            Verdict::Few => "few_values",
            Verdict::OtherColumn => "other_column",
            Verdict::NotAsked => "proposals_only",
            Verdict::NotContained => "not_contained",
            Verdict::OtherPeople => "other_people",
        }
    }

    /// The one with this code.
    pub fn from_code(code: &str) -> Option<Verdict> {
        use Verdict as V;
        let all = [
            V::SamePeople,
            V::Telling,
            V::ForeignKey,
            V::Chance,
            V::OtherName,
            V::Few,
            V::OtherColumn,
            V::NotAsked,
            V::NotContained,
            V::OtherPeople,
        ];
        all.into_iter().find(|v| v.code() == code)
    }
}

/// A column that may refer to a key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPair {
    /// Dataset and field of the column.
    pub from: (String, String),
    /// Dataset and field of the key.
    pub to: (String, String),
    /// Whether it links.
    pub status: Status,
    /// Why.
    pub verdict: Verdict,
    /// Distinct values of the column that could be compared.
    pub compared: u64,
    /// Of these, in the key.
    pub contained: u64,
    /// Of these, with rows in both that name the same people.
    pub agree: u64,
    /// And with rows that name different ones.
    pub differ: u64,
}
