import type { PortState } from "../ports/port-state.ts";
import type { RequirementLine, WindowsRequirement } from "./requirement.ts";

interface WindowsPort {
  readonly requirement: WindowsRequirement;
  readonly port: number;
  readonly what: string;
  readonly repair: string;
}

const FILE_SHARING = 'netsh advfirewall firewall set rule group="File and Printer Sharing" new enable=Yes';

/** The ports that can be looked at from outside; they are needed while the agent is installed only. */
export const WINDOWS_PORTS: readonly WindowsPort[] = [
  {
    requirement: "port-139",
    port: 139,
    what: "NetBIOS session",
    repair: `allow File and Printer Sharing through the firewall: \`${FILE_SHARING}\``,
  },
  {
    requirement: "port-445",
    port: 445,
    what: "SMB",
    repair: `allow File and Printer Sharing through the firewall: \`${FILE_SHARING}\``,
  },
  {
    requirement: "port-5985",
    port: 5985,
    what: "WinRM",
    repair:
      "turn WinRM on, as Administrator: `winrm quickconfig -quiet` (needed for WinRM only; port 139 and 445 are not needed then)",
  },
];

type Seen = Pick<RequirementLine<WindowsRequirement>, "requirement" | "message" | "repair" | "command">;

/** What only the machine itself can tell: what the vendor's guide asks for, and the command by which to see it there. */
const SEEN_ON_THE_MACHINE: readonly Seen[] = [
  {
    requirement: "administrator",
    message:
      "the account must be an administrator of the machine; to install on several machines it must be the same on all of them",
    command: "net localgroup Administrators",
    repair: "add the account: `net localgroup Administrators DOMAIN\\account /add`",
  },
  {
    requirement: "simple-file-sharing",
    message:
      "Windows XP: Simple File Sharing must be off (`forceguest` 0x0), because with it every log-in over the network is a guest's",
    command: "reg query HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa /v forceguest",
    repair: "reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa /v forceguest /t REG_DWORD /d 0 /f",
  },
  {
    requirement: "uac",
    message:
      "Windows Vista and newer: a local account is an administrator over the network only if LocalAccountTokenFilterPolicy is 0x1, or if UAC is off (EnableLUA 0x0); accounts of a domain are not held back",
    command:
      "reg query HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System /v LocalAccountTokenFilterPolicy",
    repair:
      'reg add HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System /v LocalAccountTokenFilterPolicy /t REG_DWORD /d 1 /f, or as the vendor\'s guide says: set "User Account Control: Run all administrators in Admin Approval Mode" to Disabled and restart the machine',
  },
  {
    requirement: "network-discovery",
    message: "Windows Vista and newer: network discovery must be on (Advanced Sharing Settings)",
    command:
      "powershell -Command \"Get-NetFirewallRule -DisplayGroup 'Network Discovery' | Where-Object Enabled -eq True\"",
    repair: 'netsh advfirewall firewall set rule group="Network Discovery" new enable=Yes',
  },
  {
    requirement: "file-sharing",
    message: "Windows Vista and newer: file and printer sharing must be on, with its administrative share ADMIN$",
    command: "net share ADMIN$",
    repair:
      "turn on file and printer sharing in the Advanced Sharing Settings, then restart the service: `net stop lanmanserver /y && net start lanmanserver`",
  },
  {
    requirement: "firewall",
    message: "where Windows Firewall is on, File and Printer Sharing must be among its exceptions",
    command:
      "powershell -Command \"Get-NetFirewallRule -DisplayGroup 'File and Printer Sharing' | Where-Object Enabled -eq True\"",
    repair: FILE_SHARING,
  },
];

/**
 * How a Windows machine stands: ports as they were seen from here, the rest with the command that shows it on the
 * machine.
 * @param ports what was seen; a port that is absent was not looked at, for the reason `unseen`
 */
export function windowsLines(
  ports: ReadonlyMap<number, PortState>,
  unseen: string,
): readonly RequirementLine<WindowsRequirement>[] {
  return [
    ...WINDOWS_PORTS.map(({ requirement, port, what, repair }): RequirementLine<WindowsRequirement> => {
      const state = ports.get(port);
      const name = `port ${port} (${what})`;
      if (state === undefined)
        return { requirement, state: "not-measured", message: unseen, command: `netstat -an | findstr :${port}` };
      if (state === "open") return { requirement, state: "met", message: `${name} is open` };
      const message = state === "closed" ? `nothing listens on ${name}` : `${name} does not answer`;
      return { requirement, state: "not-met", message, repair };
    }),
    ...SEEN_ON_THE_MACHINE.map((line) => ({ ...line, state: "not-measured" as const })),
  ];
}

/** Port 5985 opens one way in, 139 and 445 together the other one: a machine with either is not held back by the rest. */
export function waysInto(ports: ReadonlyMap<number, PortState>): { readonly winrm: boolean; readonly smb: boolean } {
  const open = (port: number) => ports.get(port) === "open";
  return { winrm: open(5985), smb: open(139) && open(445) };
}
