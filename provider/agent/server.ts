/** Where agents connect to. */
export interface AgentServer {
  /** A name that resolves on the machine, or an address. */
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that signed the server's certificate, where the machine does not trust it by itself. */
  readonly caCertificate?: string | undefined;
}

/** As an agent's own files write it. @example serverText({ host: "2001:db8::1", port: 443 }) // "[2001:db8::1]:443" */
export function serverText({ host, port }: Pick<AgentServer, "host" | "port">): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}
