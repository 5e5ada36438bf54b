/** The properties of the item with this number, as a program would give them; its password is left out. */
export function itemProperties(number: number) {
  return {
    title: `item ${number}`,
    text: "A line of text of the length that descriptions have, with ümlauts.",
    comment: "nothing to say",
    zone: `zone-${number % 7}`,
    owner: "somebody@example.com",
    folder: `/srv/items/${number}`,
    count: number,
    limit: 1_000,
    retries: 5,
    ratio: 0.75,
    weight: 12.5,
    enabled: true,
    verbose: false,
    size: "medium",
    color: "dark-blue",
    endpoint: { host: `host-${number}.example.com`, port: 8443, path: "/v1" },
    tags: { department: "engineering", site: "north", stage: "production" },
    labels: ["one", "two", "three"],
    ports: [22, 80, 443],
  };
}

/** The password of the item with this number. */
export function itemPassword(number: number): string {
  return `correct horse battery staple ${number}`;
}
