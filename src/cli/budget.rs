//! What runs may cost: `[budget]` and `[prices]` of piimap.toml, and the question on a terminal. By which role sources are reached:
//! `[[account]]`.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use serde::Deserialize;

use super::Setting;
use crate::scan::{Due, Prices, Spend};
use crate::source::Account;

/// `[budget]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Budget {
    /// The most that all runs of a month may cost, in dollars.
    max_usd: Option<f64>,
    /// Read classes that take a fee for each byte.
    cold: bool,
    /// Read from other regions.
    cross_region: bool,
    /// The region of this machine.
    home_region: Option<String>,
}

/// `[prices]`, each as [`Prices`] has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PriceList {
    list: Option<f64>,
    get: Option<f64>,
    get_ia: Option<f64>,
    get_glacier_ir: Option<f64>,
    retrieve_ia: Option<f64>,
    retrieve_glacier_ir: Option<f64>,
    kms: Option<f64>,
    cross_region: Option<f64>,
    internet: Option<f64>,
}

/// `[[account]]`: sources that are reached by another role, profile or region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    /// Patterns of sources, as they are configured or typed.
    sources: Vec<String>,
    assume_role: Option<String>,
    external_id: Option<String>,
    profile: Option<String>,
    region: Option<String>,
}

impl AccountEntry {
    /// The same, checked.
    pub fn check(&self) -> anyhow::Result<Account> {
        let of = |text: &Option<String>| text.clone();
        let made = Account::new(&self.sources, of(&self.assume_role), of(&self.external_id), of(&self.profile), of(&self.region));
        made.map_err(|e| anyhow::anyhow!("account: {}", e.detail))
    }
}

impl Budget {
    /// The same, checked.
    pub fn spend(&self, prices: Option<&PriceList>) -> anyhow::Result<Spend> {
        let default = Spend::default();
        let max_usd = self.max_usd.unwrap_or(default.max_usd);
        anyhow::ensure!(max_usd >= 0.0, "budget: max_usd is an amount of dollars, such as 50");
        let prices = prices.map_or(Ok(default.prices), PriceList::prices)?;
        Ok(Spend { prices, max_usd, cold: self.cold, cross_region: self.cross_region, ..default })
    }

    /// Where this machine stands: as the file says, else as the environment does.
    pub fn home(&self) -> Option<String> {
        let of = |name: &str| std::env::var(name).ok().filter(|r| !r.is_empty());
        self.home_region.clone().or_else(|| of("AWS_REGION")).or_else(|| of("AWS_DEFAULT_REGION"))
    }
}

impl PriceList {
    fn prices(&self) -> anyhow::Result<Prices> {
        let mut p = Prices::default();
        for (name, given, price) in [
            ("list", self.list, &mut p.list),
            ("get", self.get, &mut p.get),
            ("get_ia", self.get_ia, &mut p.get_ia),
            ("get_glacier_ir", self.get_glacier_ir, &mut p.get_glacier_ir),
            ("retrieve_ia", self.retrieve_ia, &mut p.retrieve_ia),
            ("retrieve_glacier_ir", self.retrieve_glacier_ir, &mut p.retrieve_glacier_ir),
            ("kms", self.kms, &mut p.kms),
            ("cross_region", self.cross_region, &mut p.cross_region),
            ("internet", self.internet, &mut p.internet),
        ] {
            if let Some(usd) = given {
                anyhow::ensure!(usd >= 0.0, "prices: {name} is an amount of dollars");
                *price = usd;
            }
        }
        Ok(p)
    }
}

/// Asks on the terminal; `None` where there is nobody to ask.
pub(super) fn asker(s: &Setting) -> Option<Arc<dyn Fn(&Due) -> bool + Send + Sync>> {
    let somebody = !s.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let prices = s.config.spend().ok()?.prices;
    somebody.then(|| {
        let ask = move |due: &Due| {
            let items: Vec<String> =
                due.cost.items(&prices).iter().filter(|i| i.1 >= 0.005).map(|(name, usd)| format!("{name} ${usd:.2}")).collect();
            let question = format!(
                "\nThis run costs about ${:.2} ({}). ${:.2} were spent this month, the limit is ${:.2}.\nGo on? [y/N] ",
                due.usd,
                items.join(", "),
                due.month,
                due.max_usd
            );
            let mut line = String::new();
            let asked = std::io::stderr().write_all(question.as_bytes()).and_then(|()| std::io::stdin().read_line(&mut line));
            asked.is_ok() && matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
        };
        Arc::new(ask) as Arc<dyn Fn(&Due) -> bool + Send + Sync>
    })
}
