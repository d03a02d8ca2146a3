//! The two files that OctoPrint starts from. Written by hand instead of asking its own commands
//! to, which take three seconds per user.

use super::OctoPrint;

/// `config.yaml`: no wizard, nothing that looks for the Internet, the virtual printer connected.
pub(super) fn config(port: u16, camera_url: &str) -> String {
    format!(
        "\
server:
  host: 127.0.0.1
  port: {port}
  firstRun: false
  secretKey: only-for-tests
  onlineCheck: {{enabled: false}}
  pluginBlacklist: {{enabled: false}}
  pythonEolCheck: {{enabled: false}}
serial: {{autoconnect: true, port: VIRTUAL, baudrate: 0}}
plugins:
  virtual_printer: {{enabled: true, _config_version: 1}}
  classicwebcam:
    # Relative: the browser fetches it from the page's own origin, through the relay.
    stream: \"/webcam/?action=stream\"
    snapshot: \"{camera_url}?action=snapshot\"
    _config_version: 1
  _disabled: [announcements, discovery, softwareupdate, tracking, errortracking, achievements,
              health_check, file_check, firmware_check, pi_support]
"
    )
}

/// For `config.yaml`: whoever comes from 127.0.0.0/8 is the administrator.
pub(super) const AUTOLOGIN: &str = "\
accessControl:
  autologinLocal: true
  autologinAs: admin
  localNetworks: [127.0.0.0/8]
";

/// `groups.yaml`: guests may watch, move and print.
pub(super) const OPEN_GROUPS: &str = "\
_version: 2
groups:
  guests:
    permissions: [STATUS, FILES_LIST, CONTROL, PRINT]
    subgroups: []
    default: false
";

/// The same for whoever comes from anywhere.
pub(super) const AUTOLOGIN_EVERYONE: &str = "\
accessControl:
  autologinLocal: true
  autologinAs: admin
  localNetworks: [0.0.0.0/0]
";

/// `users.yaml`: the two users. The hashes are of passwords that stand a few lines away from
/// here, made by OctoPrint itself.
pub(super) fn users() -> String {
    let admin = user(OctoPrint::ADMIN.0, ADMIN_HASH, OctoPrint::API_KEY, "admins", "user, admin");
    let viewer = user(OctoPrint::VIEWER.0, VIEWER_HASH, "null", "readonly", "user");
    format!("_version: 2\n{admin}{viewer}")
}

const ADMIN_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$VKr1fm9tjXGO0do7ZwyhVA\
                          $RzrPARz9ljzQxx3GMNnib5L92Xqpb/zyDM79n8Q7aWk";
const VIEWER_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$nnNO6X2vdS5FKGXs/X9vLQ\
                           $MOtT+jkK4Z5QnHOmShPmHtEZc01Gq7hBALI3gmW7eyA";

fn user(name: &str, hash: &str, api_key: &str, group: &str, roles: &str) -> String {
    format!(
        "\
{name}:
  active: true
  apikey: {api_key}
  groups: [{group}]
  password: {hash}
  permissions: []
  roles: [{roles}]
  settings: {{}}
"
    )
}
