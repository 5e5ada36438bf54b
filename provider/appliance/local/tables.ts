import type { Generated } from "kysely";

/** The tables of `migrations.ts`, as queries see them. */
export interface Tables {
  readonly meta: { key: string; value: string };
  readonly organizations: {
    name: string;
    created_at: number;
    description: string | null;
    urn: string | null;
    updated_at: number;
  };
  readonly tokens: {
    id: string;
    organization: string;
    name: string;
    urn: string | null;
    expires_at: number | null;
    use_limit: number | null;
    enabled: number;
    use_count: number;
    settled: number;
    created_at: number;
    updated_at: number;
  };
  readonly token_values: {
    fingerprint: string;
    token_id: string;
    sealed: string | null;
    valid_until: number | null;
    created_at: number;
  };
  readonly token_uses: {
    sequence: Generated<number>;
    token_id: string;
    kuid: string;
    hostname: string;
    used_at: number;
  };
  readonly bundles: {
    id: string;
    organization: string;
    name: string;
    urn: string | null;
    version: string;
    flavour: string;
    created_at: number;
    updated_at: number;
    loaded_at: number | null;
    downloaded_at: number | null;
    download_id: string | null;
    content_at: number;
  };
  readonly downloads: {
    id: string;
    name: string;
    version: string;
    flavour: string;
    file_name: string;
    archive_sha256: string;
    downloaded_at: number;
  };
  readonly download_packages: {
    download_id: string;
    position: number;
    file_name: string;
    platform: string;
    architecture: string;
    format: string;
    version: string;
    sha256: string;
    size_bytes: number;
  };
  readonly update_source: {
    one: number;
    location: string | null;
    public_key: string | null;
    ca_certificate: string | null;
    check_at: string;
    requested_at: number | null;
    checked_at: number | null;
    fault: string | null;
    fault_at: number | null;
  };
  readonly package_contents: { sha256: string; size_bytes: number; put_at: number; claimed: number };
  readonly bundle_packages: {
    bundle_id: string;
    position: number;
    file_name: string;
    platform: string;
    architecture: string;
    format: string;
    version: string;
    sha256: string;
    size_bytes: number;
  };
  readonly package_owners: { organization: string; sha256: string };
  readonly host_keys: {
    organization: string;
    host: string;
    port: number;
    type: string;
    key: string;
    fingerprint: string;
    configuration_id: string | null;
    pinned_at: number;
  };
  readonly configurations: {
    id: string;
    organization: string;
    name: string;
    urn: string | null;
    description: string;
    token_fingerprint: string | null;
    created_at: number;
    updated_at: number;
  };
  /** Of configurations with a schedule only. */
  readonly schedules: {
    configuration_id: string;
    sealed: string;
    served_until: number;
    requested_at: number | null;
    fault: string | null;
    fault_at: number | null;
  };
  readonly runs: {
    number: Generated<number>;
    id: string;
    configuration_id: string;
    kind: "up" | "destroy" | "refresh" | "scheduled";
    state: "running" | "finished" | "interrupted";
    holder: string;
    process: string | null;
    started_at: number;
    finished_at: number | null;
    lease_until: number;
    total: number | null;
    in_flight: number | null;
    absent: number | null;
    summary: string | null;
  };
  readonly outcome_machines: { number: Generated<number>; configuration_id: string; machine: string };
  /** What was said of a machine, once for all runs that said it. */
  readonly outcome_facts: {
    number: Generated<number>;
    machine_number: number;
    target: string;
    name: string | null;
    address: string | null;
    action: string;
    class: "succeeded" | "unchanged" | "removed" | "absent" | "unreachable" | "failed" | "notAttempted";
    code: string;
    message: string;
    hint: string | null;
    version: string | null;
    server: string | null;
    platform: string | null;
    kuid: string | null;
  };
  readonly outcomes: {
    run_number: number;
    machine_number: number;
    fact_number: number;
    latest: number;
    duration_ms: number;
    recorded_at: number;
    log_pack: number | null;
  };
  readonly outcome_log_packs: { number: Generated<number>; run_number: number; packed: string | Uint8Array };
  readonly devices: {
    kuid: string;
    organization: string;
    public_key: string;
    state: "approved" | "quarantined" | "blocked";
    reason: string | null;
    token_id: string | null;
    hostname: string;
    full_name: string;
    short_name: string;
    agent: string;
    hello: string;
    connection_id: string | null;
    instance_id: string | null;
    connected_since: number | null;
    last_seen_at: number;
    enrolled_at: number;
    inventory_at: number | null;
    abilities: Generated<string>;
    trusts: Generated<string | null>;
    reported_hostname: Generated<string | null>;
    reported_address: Generated<string | null>;
    reported_agent: Generated<string | null>;
  };
  /** facts is of before; packed is '' where there is content, and what there was before it otherwise. */
  readonly inventories: { kuid: string; facts: string; packed: string; content: Uint8Array | null };
  /** What few filters ask for, so that nothing is unpacked for them. */
  readonly device_addresses: { kuid: string; addresses: string };
  readonly agent_settings: {
    organization: string;
    present: number;
    urn: string | null;
    window_from: string | null;
    window_to: string | null;
    run_interval_seconds: number | null;
    inventory_interval_seconds: number | null;
    splash_text: string | null;
    scripting_update_interval_seconds: number | null;
    log_retention: "saveAll" | "off" | null;
    revision: number;
    updated_at: number;
  };
  readonly appliance_settings: {
    one: number;
    task_throughput: number | null;
    task_throughput_at: number | null;
    max_check_ins_per_hour: number | null;
    revision: number;
  };
  readonly labels: {
    id: string;
    organization: string;
    name: string;
    urn: string | null;
    description: string | null;
    machines: string | null;
    filter: string | null;
    created_at: number;
    updated_at: number;
  };
  readonly quarantine_decisions: {
    id: string;
    organization: string;
    name: string;
    urn: string | null;
    verdict: "approve" | "block";
    kuid: string | null;
    rule: string | null;
    priority: number;
    changed_device: number;
    created_at: number;
    updated_at: number;
  };
  readonly key_conflicts: {
    kuid: string;
    public_key: string;
    organization: string;
    hostname: string;
    machine_id: string;
    addresses: string;
    first_seen_at: number;
    last_seen_at: number;
    attempts: number;
  };
  readonly messages: {
    sequence: Generated<number>;
    id: string;
    organization: string;
    kuid: string;
    type: string;
    source_id: string;
    payload: string;
    status: string;
    note: string | null;
    connection_id: string | null;
    created_at: number;
    expires_at: number;
  };
  readonly task_payloads: { id: string; organization: string; sealed: string };
  readonly tasks: {
    sequence: Generated<number>;
    id: string;
    organization: string;
    kuid: string;
    type: string;
    source_id: string;
    payload_id: string;
    state: string;
    priority: number;
    timeout_seconds: number;
    throttled: number;
    created_at: number;
    not_before: number;
    expires_at: number;
    sent_at: number | null;
    sent_connection: string | null;
    started_at: number | null;
    completed_at: number | null;
    run_ms: number | null;
    cancel_requested: number;
    given_up: number;
    exit_code: number | null;
    note: string | null;
    run_at: Generated<number | null>;
    late_seconds: Generated<number | null>;
    held_at: Generated<number | null>;
  };
  readonly task_outputs: { task_id: string; sealed: string; truncated: number };
  readonly update_policies: {
    organization: string;
    present: number;
    urn: string | null;
    given: string;
    revision: number;
    generation: number;
    began_at: number | null;
    meaning: string;
    held_at: number | null;
    held_reason: string | null;
    counting_since: number;
    updated_at: number;
  };
  readonly update_attempts: {
    kuid: string;
    organization: string;
    generation: number;
    version: string;
    task_id: string;
    state: string;
    reason: string | null;
    queued_at: number;
    settled_at: number | null;
  };
  readonly device_changes: { sequence: Generated<number>; kuid: string; state: string | null; reason: string | null };
  readonly history: {
    sequence: Generated<number>;
    at: number;
    who: string;
    what: string;
    subject: string;
    subject_name: string;
    changes: string;
    organization: string | null;
  };
  readonly server: {
    one: number;
    instance_id: string;
    name: string;
    port: number;
    ca_certificate: string | null;
    canonical_names: string;
    version: string;
    process: string;
    started_at: number;
    heartbeat_at: number;
    stopped: number;
    authorities: Generated<string>;
    switch_over_at: Generated<number | null>;
    makes_authorities: Generated<number>;
    authority_wish: Generated<"renew" | "finish" | null>;
  };
  readonly api_tokens: {
    id: string;
    name: string;
    fingerprint: string;
    created_at: number;
    role: string;
    organization: string | null;
    expires_at: number | null;
    last_used_at: number | null;
  };
}
