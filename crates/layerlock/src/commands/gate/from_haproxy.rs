//! `layerlock gate --from-haproxy FILE`: the file says who gets in and where to; the command line
//! may say where to listen, by which names, and behind which proxies.

use std::{fs::File, io::Read, path::Path};

use ::gate::{
    Config, Listen,
    haproxy::{self, Import, MAX_BYTES, Report},
};
use anyhow::Context as _;

use crate::{arguments::Gate as Options, configuration::Refused};

/// Reads a file. `show` gets what became of its lines, whether it is refused or not.
pub(super) fn read(path: &Path, options: &Options, show: fn(&Report)) -> anyhow::Result<Config> {
    let text = text(path).with_context(|| format!("can't read {}", path.display()))?;
    let Import { mut config, report } = haproxy::read(&text, options.haproxy.frontend.as_deref())
        .map_err(|refused| {
        show(&refused.report);
        let path = path.display();
        Refused(format!(
            "{path} keeps people out in ways that a gate can't:\n{refused}\n\
                 Nothing was started, so as not to be more open than the file."
        ))
    })?;
    show(&report);
    apply(options, &mut config)?;
    Ok(config)
}

/// One byte more than may be read, so that a file that is too large is noticed.
fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

fn apply(options: &Options, config: &mut Config) -> anyhow::Result<()> {
    config.names.clone_from(&options.names);
    config.pass_credentials = options.pass_credentials;
    let proxies = options.trusted_proxies.join(",");
    config.trusted_proxies = proxies.parse().map_err(|error| Refused(format!("{error}")))?;
    if let Some(https) = options.listen {
        config.listen = vec![Listen { https, http: options.http }];
    }
    if config.listen.is_empty() {
        let why = "the file has no `bind` with `ssl`, and a gate shows no printer without TLS: say \
                   where to listen with --listen, for example --listen [::]:8443";
        return Err(Refused(why.to_owned()).into());
    }
    Ok(())
}
