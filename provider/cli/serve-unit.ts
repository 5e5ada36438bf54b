/** What a service of the appliance's server is made of. */
export interface ServeUnit {
  /** The program and its arguments, whole paths. */
  readonly command: readonly string[];
}

/**
 * What Node is told before a program that holds thousands of connections: a connection leaves little behind that lives
 * briefly, and the 64 MB that V8 would let that grow to are as much as a thousand connections. With less than this, what an
 * inventory is parsed into is collected so often that it takes longer. `kace` is started with it.
 */
export const NODE_OPTIONS_OF_SERVE = ["--max-semi-space-size=8"] as const;

/**
 * Node has a buffer of 64 kB for what each TLS connection sends, of which an agent seldom fills a tenth. From this size
 * on, the C library gives memory that takes no room before it is written to (mallopt(3), `M_MMAP_THRESHOLD`); below, it
 * reuses what something else has written to, and all of it counts. `kace` is started with it.
 */
export const ENVIRONMENT_OF_SERVE = "MALLOC_MMAP_THRESHOLD_=65536";

/** The user that the service runs as, and the folder that systemd gives it. */
export const SERVICE_USER = "kace";
export const SERVICE_FOLDER = "/var/lib/pulumi-kace";

/**
 * A unit of systemd (systemd.service(5)) that runs `kace serve`.
 * @example unitOf({ command: ["/usr/bin/node", "/opt/kace/kace.mjs", "serve"] })
 */
export function unitOf({ command }: ServeUnit): string {
  return `[Unit]
Description=Appliance of pulumi-kace
Wants=network-online.target
After=network-online.target

[Service]
Environment=${ENVIRONMENT_OF_SERVE}
ExecStart=${command.map(quoted).join(" ")}
User=${SERVICE_USER}
StateDirectory=${SERVICE_FOLDER.slice("/var/lib/".length)}
StateDirectoryMode=0700
UMask=0077
Restart=on-failure
RestartSec=2
# Machines in work may still have to connect.
TimeoutStopSec=90
# One for each agent that is connected.
LimitNOFILE=65536
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only

[Install]
WantedBy=multi-user.target`;
}

/** As systemd.syntax(7) and systemd.service(5) read it: quotes, variables and specifiers mean nothing. */
function quoted(word: string): string {
  const plain = word.replaceAll("\\", "\\\\").replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll('"', '\\"');
  return /^[\w./:@=,%-]+$/.test(word) ? plain : `"${plain}"`;
}
