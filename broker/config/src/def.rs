//! What a setting is: its name, type, default, allowed values and meaning, and the check of one value.
//!
//! Values travel as text, as Kafka stores them; `ConfigDef::canonical` is the one gate from raw text to valid text.

use std::fmt;

/// Type of a setting, as DescribeConfigs reports it (KIP-569).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigType {
    /// `true` or `false`, in any case of letters.
    Boolean,
    /// Any text.
    String,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 16 bits.
    Short,
    /// A whole number of 64 bits.
    Long,
    /// A decimal number.
    Double,
    /// Texts with commas between them.
    List,
    /// Name of a class; no setting of this broker has this type, the code is part of the wire format.
    Class,
    /// A secret, never shown.
    Password,
}

impl ConfigType {
    /// The number that stands for this type in a DescribeConfigs response.
    #[must_use]
    pub fn wire_code(self) -> i8 {
        match self {
            ConfigType::Boolean => 1,
            ConfigType::String => 2,
            ConfigType::Int => 3,
            ConfigType::Short => 4,
            ConfigType::Long => 5,
            ConfigType::Double => 6,
            ConfigType::List => 7,
            ConfigType::Class => 8,
            ConfigType::Password => 9,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            ConfigType::Boolean => "true or false",
            ConfigType::String | ConfigType::Class | ConfigType::Password => "text",
            ConfigType::Int => "a whole number of 32 bits",
            ConfigType::Short => "a whole number of 16 bits",
            ConfigType::Long => "a whole number of 64 bits",
            ConfigType::Double => "a number",
            ConfigType::List => "a list separated by commas",
        }
    }
}

impl fmt::Display for ConfigType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConfigType::Boolean => "boolean",
            ConfigType::String => "string",
            ConfigType::Int => "int",
            ConfigType::Short => "short",
            ConfigType::Long => "long",
            ConfigType::Double => "double",
            ConfigType::List => "list",
            ConfigType::Class => "class",
            ConfigType::Password => "password",
        })
    }
}

/// Which values of its type a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Validator {
    /// Every value of the type.
    Any,
    /// Whole numbers from this one on.
    AtLeast(i64),
    /// Whole numbers from the first to the second, both included.
    Between(i64, i64),
    /// As `Between`, and one number beside the range.
    BetweenOr(i64, i64, i64),
    /// Decimal numbers from 0 to 1, both included.
    Ratio,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of which every element is one of these texts.
    EachOneOf(&'static [&'static str]),
    /// Text or a list that is not empty.
    NonEmpty,
    /// A check of its own and the expectation in words.
    Check(fn(&str) -> bool, &'static str),
}

/// When a setting of the broker may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpdateMode {
    /// Only at a start.
    ReadOnly,
    /// At run time, for one broker by its id.
    PerBroker,
    /// At run time, for one broker or for all of them.
    ClusterWide,
}

/// How likely an operator needs a setting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Importance {
    /// Worth a thought in every installation.
    High,
    /// For tuning.
    Medium,
    /// Rarely touched.
    Low,
}

/// Another setting that supplies the value where this one is not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fallback {
    /// Name of a broker setting.
    pub key: &'static str,
    /// What its value is multiplied with to come to this setting's unit: 1, or milliseconds per minute or hour.
    pub scale: i64,
}

/// One setting: the row of a table in `keys`.
#[derive(Clone, Copy, Debug)]
pub struct ConfigDef {
    /// Name, spelled as in Kafka where Kafka has the setting.
    pub name: &'static str,
    /// Type of the value.
    pub config_type: ConfigType,
    /// Value where nobody sets it; `None` where the fallbacks, or nothing, stand in.
    pub default: Option<&'static str>,
    /// Which values are allowed.
    pub validator: Validator,
    /// Meaning in one or two sentences, with the unit.
    pub doc: &'static str,
    /// When it may change.
    pub update: UpdateMode,
    /// How much it matters.
    pub importance: Importance,
    /// Settings of the broker that are asked in this order where this one is not set.
    pub fallbacks: &'static [Fallback],
}

const fn row(
    config_type: ConfigType,
    name: &'static str,
    default: Option<&'static str>,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef {
        name,
        config_type,
        default,
        validator: Validator::Any,
        doc,
        update: UpdateMode::ReadOnly,
        importance: Importance::Medium,
        fallbacks: &[],
    }
}

pub(crate) const fn boolean(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::Boolean, name, Some(default), doc)
}

pub(crate) const fn string(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::String, name, Some(default), doc)
}

pub(crate) const fn int(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::Int, name, Some(default), doc)
}

pub(crate) const fn short(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::Short, name, Some(default), doc)
}

pub(crate) const fn long(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::Long, name, Some(default), doc)
}

pub(crate) const fn double(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::Double, name, Some(default), doc)
}

pub(crate) const fn list(name: &'static str, default: &'static str, doc: &'static str) -> ConfigDef {
    row(ConfigType::List, name, Some(default), doc)
}

impl ConfigDef {
    pub(crate) const fn unset(mut self) -> Self {
        self.default = None;
        self
    }

    pub(crate) const fn takes(mut self, validator: Validator) -> Self {
        self.validator = validator;
        self
    }

    pub(crate) const fn at_least(self, minimum: i64) -> Self {
        self.takes(Validator::AtLeast(minimum))
    }

    pub(crate) const fn one_of(self, allowed: &'static [&'static str]) -> Self {
        self.takes(Validator::OneOf(allowed))
    }

    pub(crate) const fn dynamic(mut self) -> Self {
        self.update = UpdateMode::ClusterWide;
        self
    }

    pub(crate) const fn high(mut self) -> Self {
        self.importance = Importance::High;
        self
    }

    pub(crate) const fn low(mut self) -> Self {
        self.importance = Importance::Low;
        self
    }

    pub(crate) const fn falls_back_to(mut self, fallbacks: &'static [Fallback]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// Whether the value is a secret that must never be shown.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.config_type == ConfigType::Password
    }

    /// The value as it is stored: blanks around it and around the elements of a list removed, booleans in lower
    /// case, repeated elements of a list dropped.
    ///
    /// # Errors
    /// The value is not of the type, or not among those that the setting takes.
    pub fn canonical(&self, raw: &str) -> Result<String, ValueError> {
        let trimmed = raw.trim();
        let accepted = match self.config_type {
            ConfigType::Boolean => parse_bool(trimmed).map(|value| value.to_string()),
            ConfigType::Short => self.whole(trimmed, i64::from(i16::MIN), i64::from(i16::MAX)),
            ConfigType::Int => self.whole(trimmed, i64::from(i32::MIN), i64::from(i32::MAX)),
            ConfigType::Long => self.whole(trimmed, i64::MIN, i64::MAX),
            ConfigType::Double => self.decimal(trimmed),
            ConfigType::List => self.elements(trimmed),
            ConfigType::String | ConfigType::Class => self.text(trimmed),
            ConfigType::Password => self.text(raw),
        };
        accepted.ok_or_else(|| ValueError {
            key: self.name.to_owned(),
            value: if self.is_sensitive() { "[hidden]".to_owned() } else { raw.to_owned() },
            expected: self.expectation(),
        })
    }

    /// The texts that it takes, where it takes certain texts only.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        match self.validator {
            Validator::OneOf(allowed) | Validator::EachOneOf(allowed) => allowed,
            _ if self.config_type == ConfigType::Boolean => &["true", "false"],
            _ => &[],
        }
    }

    /// What a value has to look like, in words, for error lines and the reference.
    #[must_use]
    pub fn expectation(&self) -> String {
        let noun = self.config_type.noun();
        match self.validator {
            Validator::Any => noun.to_owned(),
            Validator::AtLeast(minimum) => format!("{noun}, at least {minimum}"),
            Validator::Between(low, high) => format!("{noun} from {low} to {high}"),
            Validator::BetweenOr(low, high, other) => format!("{noun} from {low} to {high}, or {other}"),
            Validator::Ratio => format!("{noun} from 0 to 1"),
            Validator::OneOf(allowed) => format!("one of {}", allowed.join(", ")),
            Validator::EachOneOf(allowed) => format!("a list of any of {}", allowed.join(", ")),
            Validator::NonEmpty => format!("{noun} that is not empty"),
            Validator::Check(_, words) => words.to_owned(),
        }
    }

    fn whole(&self, text: &str, lowest: i64, highest: i64) -> Option<String> {
        let value: i64 = text.parse().ok()?;
        let allowed = match self.validator {
            Validator::AtLeast(minimum) => value >= minimum,
            Validator::Between(low, high) => (low..=high).contains(&value),
            Validator::BetweenOr(low, high, other) => (low..=high).contains(&value) || value == other,
            Validator::Check(check, _) => check(text),
            _ => true,
        };
        (allowed && (lowest..=highest).contains(&value)).then(|| value.to_string())
    }

    fn decimal(&self, text: &str) -> Option<String> {
        let value: f64 = text.parse().ok()?;
        let allowed = match self.validator {
            Validator::Ratio => (0.0..=1.0).contains(&value),
            _ => value.is_finite(),
        };
        allowed.then(|| text.to_owned())
    }

    fn text(&self, text: &str) -> Option<String> {
        let allowed = match self.validator {
            Validator::OneOf(allowed) => allowed.contains(&text),
            Validator::NonEmpty => !text.is_empty(),
            Validator::Check(check, _) => check(text),
            _ => true,
        };
        allowed.then(|| text.to_owned())
    }

    fn elements(&self, text: &str) -> Option<String> {
        let mut kept: Vec<&str> = Vec::new();
        for element in split_list(text) {
            if !kept.contains(&element) {
                kept.push(element);
            }
        }
        let joined = kept.join(",");
        let allowed = match self.validator {
            Validator::EachOneOf(allowed) => kept.iter().all(|element| allowed.contains(element)),
            Validator::NonEmpty => !kept.is_empty(),
            Validator::Check(check, _) => check(&joined),
            _ => true,
        };
        allowed.then_some(joined)
    }
}

/// The elements of a list value: split at commas, blanks around them removed, empty ones dropped.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty())
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A value that its setting does not take; Kafka's INVALID_CONFIG.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("invalid value `{value}` for {key}: expected {expected}")]
pub struct ValueError {
    /// Name of the setting.
    pub key: String,
    /// The value as it was given; hidden for secrets.
    pub value: String,
    /// What would have been taken, in words.
    pub expected: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: ConfigDef =
        list("cleanup.policy", "delete", "").takes(Validator::EachOneOf(&["compact", "delete"]));

    #[test]
    fn whole_numbers_are_trimmed_and_kept_in_the_range_of_their_type() {
        let def = int("a", "1", "").at_least(0);
        assert_eq!(def.canonical(" 7 ").unwrap(), "7");
        assert!(def.canonical("2147483648").is_err());
        assert!(def.canonical("-1").is_err());
        assert!(def.canonical("").is_err());
        assert!(short("a", "1", "").canonical("32768").is_err());
    }

    #[test]
    fn range_with_an_exception_takes_the_exception_only() {
        let def = int("compression.gzip.level", "-1", "").takes(Validator::BetweenOr(1, 9, -1));
        assert!(def.canonical("-1").is_ok());
        assert!(def.canonical("9").is_ok());
        assert!(def.canonical("0").is_err());
    }

    #[test]
    fn lists_lose_blanks_and_repeated_elements() {
        assert_eq!(POLICY.canonical(" delete , compact,delete ").unwrap(), "delete,compact");
        assert_eq!(POLICY.canonical("").unwrap(), "");
    }

    #[test]
    fn error_names_key_value_and_expectation() {
        assert_eq!(
            POLICY.canonical("nope").unwrap_err().to_string(),
            "invalid value `nope` for cleanup.policy: expected a list of any of compact, delete"
        );
    }

    #[test]
    fn booleans_ignore_the_case_of_letters() {
        let def = boolean("a", "true", "");
        assert_eq!(def.canonical("TRUE").unwrap(), "true");
        assert!(def.canonical("yes").is_err());
    }

    #[test]
    fn secrets_do_not_appear_in_errors() {
        let def = row(ConfigType::Password, "a", None, "").takes(Validator::NonEmpty);
        let hidden = ConfigDef { validator: Validator::Check(|_| false, "a key"), ..def };
        assert!(!hidden.canonical("secret").unwrap_err().to_string().contains("secret"));
    }
}
