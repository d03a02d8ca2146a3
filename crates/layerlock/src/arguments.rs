//! The command line. Roles are subcommands; every option says what it takes and what it means.

mod gate;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use agent::{HubUrl, NewPrinter, Route, Transport};
use clap::{Args, Parser, Subcommand};
use credentials::{Email, LinkCode};
use printer::{AgentId, GrantId, Level, Name};
use tunnel::Fingerprint;

use crate::moment::Moment;

pub(crate) use gate::{Gate, Hash};

/// The heading of the options that every command has.
const EVERYWHERE: &str = "Everywhere";

/// Secure remote access for 3D printers, on your own machines.
#[derive(Debug, Parser)]
#[command(
    name = "layerlock",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the agent\n\
                  stays closed until somebody does what it says (don't restart it).\n\
                  Start with `layerlock up` on the machine beside your printer."
)]
pub(crate) struct Arguments {
    /// Where everything is kept [default: this user's data folder].
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR", env = "LAYERLOCK_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// The configuration file [default: layerlock.toml in the data folder].
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", env = "LAYERLOCK_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `layerlock` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run hub and agent together on this machine: the quickest start.
    Up(Up),
    /// Run a hub: accounts, dashboard and relay.
    Hub(Hub),
    /// Run or set up the agent beside the printers.
    #[command(subcommand)]
    Agent(Agent),
    /// Run a gate: one printer's pages, with a password for everyone outside your network.
    Gate(Gate),
    /// Ask for a password and print its hash, for a gate or another program.
    Hash(Hash),
    /// Print a fresh one-time link for the first account (earlier links end).
    SetupLink(Listen),
    /// Add, list and help the people of this hub.
    #[command(subcommand)]
    User(User),
    /// Say who may do what with which printer.
    #[command(subcommand)]
    Grant(Grant),
    /// Check the configuration, or print all of it with its meaning.
    #[command(subcommand)]
    Config(Config),
    /// Look at printers on the network, and say what is dangerous and how to mend it.
    Audit(Audit),
}

impl Command {
    /// Whether it may begin a data folder. The others work on what is there: a folder that was
    /// mistyped must not look like an empty hub.
    pub(crate) const fn keeps_data(&self) -> bool {
        matches!(
            self,
            Self::Up(_) | Self::Hub(Hub { command: None, .. }) | Self::Agent(_) | Self::Gate(_)
        )
    }
}

/// Where a hub listens.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Listen {
    /// Address and port for HTTPS [default: [::]:3443, every interface].
    #[arg(long, value_name = "ADDR")]
    pub(crate) https: Option<SocketAddr>,

    /// Address and port that redirect to HTTPS [default: [::]:3000].
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
}

/// Options of `layerlock hub`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Hub {
    /// Where the hub listens.
    #[command(flatten)]
    pub(crate) listen: Listen,

    /// Something else than running it.
    #[command(subcommand)]
    pub(crate) command: Option<HubCommand>,
}

/// `layerlock hub ...`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum HubCommand {
    /// List the agents that are linked to this hub.
    Agents,
    /// Make the key that follows the hub's own, and tell it to the agents; or change to it.
    RotateKey {
        /// Change to the next key, which every agent must know by then.
        #[arg(long)]
        switch: bool,
        /// Change although some agents don't know it. They have to be linked again.
        #[arg(long, requires = "switch")]
        force: bool,
    },
    /// Unlink an agent, whoever owns it. Its connection ends within a second.
    Unlink {
        /// The agent's id, as `layerlock hub agents` shows it.
        #[arg(value_name = "ID")]
        agent: AgentId,
    },
}

/// Options of `layerlock up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where the hub listens.
    #[command(flatten)]
    pub(crate) listen: Listen,

    /// A printer to add, for example octoprint=http://127.0.0.1:5000. May be repeated. Without
    /// any, an OctoPrint on this machine is looked for.
    #[arg(long = "printer", value_name = "KIND=URL")]
    pub(crate) printers: Vec<NewPrinter>,

    /// Link this machine's own agent again after it was unlinked on the dashboard.
    #[arg(long)]
    pub(crate) link_again: bool,
}

/// `layerlock agent ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Link this agent to a hub with a code from its dashboard.
    Link(Link),
    /// Dial out to the hub and stand in front of the printers.
    Run(MachineId),
    /// Say that this agent's key belongs on this machine, after its card was moved.
    ConfirmMachine(MachineId),
    /// Forget this agent's key and hub, so that it can be linked as another agent. Printers stay.
    ForgetKey,
    /// The printers that this agent may reach: these and nothing else.
    #[command(subcommand)]
    Printer(Printer),
    /// Check every printer now: does it ask visitors from elsewhere for a login?
    Locks,
    /// Ask visitors from elsewhere for a PIN in front of a printer. It is asked for, or read from
    /// standard input.
    Pin {
        /// The printer's name or id.
        #[arg(value_name = "PRINTER")]
        printer: String,
        /// Remove the PIN instead.
        #[arg(long)]
        remove: bool,
    },
    /// Open a printer that asks for no login to everybody with access at the hub.
    AcceptRisk {
        /// The printer's name or id.
        #[arg(value_name = "PRINTER")]
        printer: String,
        /// Don't ask for the printer's name as a confirmation.
        #[arg(long)]
        yes: bool,
        /// Take it back: the printer is closed again.
        #[arg(long, conflicts_with = "yes")]
        undo: bool,
    },
}

/// Options of `layerlock agent link`.
#[derive(Debug, Args)]
pub(crate) struct Link {
    /// The hub's address, for example `https://hub.example:3443`.
    #[arg(value_name = "HUB_URL")]
    pub(crate) hub_url: HubUrl,

    /// The code from the dashboard, for example ABCD-123456.
    #[arg(value_name = "CODE")]
    pub(crate) code: LinkCode,

    /// The fingerprint of the hub's key, as the dashboard shows it. It makes sure that nobody on
    /// the way poses as the hub.
    #[arg(long, value_name = "FINGERPRINT", allow_hyphen_values = true)]
    pub(crate) hub_key: Fingerprint,

    /// This agent's name on the dashboard [default: this machine's name].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,

    /// How the hub is reached: auto, direct, or web-socket where a proxy stands before it.
    #[arg(long, value_name = "HOW", default_value_t)]
    pub(crate) transport: Transport,

    /// Where the agent is linked.
    #[command(flatten)]
    pub(crate) machine: MachineId,
}

/// What tells this machine from others.
#[derive(Debug, Args)]
pub(crate) struct MachineId {
    /// What tells this machine from others, where the system has nothing that stays (containers)
    /// [default: the system's machine id and the board's serial number].
    #[arg(long, value_name = "TEXT", env = "LAYERLOCK_MACHINE_ID")]
    pub(crate) machine_id: Option<String>,
}

/// `layerlock agent printer ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Printer {
    /// Add a printer by its kind and the address of its web UI.
    Add(PrinterAdd),
    /// List the printers of this agent.
    List,
    /// Say that a printer has moved to the address to which its name leads now.
    Confirm {
        /// Its name or id.
        #[arg(value_name = "NAME|ID")]
        printer: String,
    },
    /// Remove a printer.
    Remove {
        /// Its name or id.
        #[arg(value_name = "NAME|ID")]
        printer: String,
    },
}

/// Options of `layerlock agent printer add`.
#[derive(Debug, Args)]
pub(crate) struct PrinterAdd {
    /// For example octoprint=http://127.0.0.1:5000. Kinds: octoprint,
    /// moonraker (Mainsail, Fluidd), prusalink.
    #[arg(value_name = "KIND=URL")]
    pub(crate) printer: NewPrinter,

    /// Its name on the dashboard [default: its kind].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,

    /// A path that another port of the printer serves, for example
    /// /webcam/=http://127.0.0.1:8080/. May be repeated.
    #[arg(long = "route", value_name = "PATH=URL")]
    pub(crate) routes: Vec<Route>,
}

/// `layerlock user ...`
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person. The password is asked for, or read from standard input.
    Add {
        /// The person's email address.
        #[arg(value_name = "EMAIL")]
        email: Email,
        /// What others see instead of the address.
        #[arg(long, value_name = "NAME")]
        name: Option<Name>,
        /// May administer the hub. Gives no right on any printer.
        #[arg(long)]
        administrator: bool,
    },
    /// List the people of this hub.
    List,
    /// Set a new password and end every session of that person.
    ResetPassword {
        /// The person's email address.
        #[arg(value_name = "EMAIL")]
        email: Email,
    },
}

/// `layerlock grant ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Grant {
    /// Let a person use a printer up to a level.
    Add {
        /// The person's email address.
        #[arg(value_name = "EMAIL")]
        email: Email,
        /// The printer's name or id.
        #[arg(value_name = "PRINTER")]
        printer: String,
        /// view, queue, print, controls or admin.
        #[arg(value_name = "LEVEL")]
        level: Level,
        /// When the grant ends, for example 2027-01-31 or 2027-01-31T18:00:00Z.
        #[arg(long, value_name = "DATE")]
        until: Option<Moment>,
    },
    /// List all grants.
    List,
    /// Take a grant back.
    Remove {
        /// The grant's id, as `layerlock grant list` shows it.
        #[arg(value_name = "ID")]
        grant: GrantId,
    },
}

/// `layerlock config ...`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Config {
    /// Read the configuration and say whether it is right.
    Check,
    /// Print every setting with its meaning and default.
    Reference,
}

/// Options of `layerlock audit`.
#[derive(Debug, Args)]
#[command(
    after_help = "It only reads, and never tries a password. Exit codes: 0 nothing to mend, \
                        1 failed, 2 wrong usage, 10 low, 11 medium or 12 high findings. \
                        More: docs/audit.md."
)]
pub(crate) struct Audit {
    /// What to look at: 192.168.1.20, octopi.local, octopi.local:5000 or 192.168.1.0/24
    /// [default: the local networks of this machine, after asking].
    #[arg(value_name = "HOST|CIDR")]
    pub(crate) targets: Vec<audit::Target>,

    /// How to print what was found.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: AuditFormat,

    /// Look at public addresses as well. Only for machines that are yours.
    #[arg(long)]
    pub(crate) i_own_this: bool,

    /// Look at the local networks without asking first.
    #[arg(long)]
    pub(crate) yes: bool,

    /// A router to ask for its port mappings (UPnP).
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = router)]
    pub(crate) router: Option<SocketAddr>,
}

/// How `layerlock audit` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AuditFormat {
    /// For people.
    Text,
    /// For programs; docs/audit.md describes it.
    Json,
}

/// The port at which routers hear questions (UPnP).
const ROUTER_PORT: u16 = 1_900;

fn router(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse::<Ipv4Addr>().map(|ip| SocketAddr::new(ip.into(), ROUTER_PORT));
    let address = address.or_else(|_| text.parse());
    address
        .ok()
        .filter(SocketAddr::is_ipv4)
        .ok_or("write the router's IPv4 address, for example 192.168.1.1")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    fn refusal(words: &[&str]) -> String {
        Arguments::try_parse_from(words).unwrap_err().to_string()
    }

    #[test]
    fn a_printer_without_its_kind_is_explained() {
        let error = refusal(&["layerlock", "up", "--printer", "127.0.0.1:5000"]);
        assert!(error.contains("octoprint=http://127.0.0.1:5000"), "{error}");
    }

    #[test]
    fn an_unknown_level_names_the_known_ones() {
        let error = refusal(&["layerlock", "grant", "add", "ada@example.org", "mk4", "owner"]);
        assert!(error.contains("controls"), "{error}");
    }

    #[test]
    fn a_fingerprint_may_begin_with_a_hyphen() {
        let key = format!("-{}", "A".repeat(42));
        let words = ["layerlock", "agent", "link", "https://hub", "ABCD-123456", "--hub-key", &key];
        assert!(Arguments::try_parse_from(words).is_ok());
    }

    #[test]
    fn a_code_that_was_cut_short_is_explained() {
        let words = ["layerlock", "agent", "link", "https://hub", "ABCD", "--hub-key", "x"];
        assert!(refusal(&words).contains("ABCD-123456"));
    }
}
