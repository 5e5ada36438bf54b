/** What an appliance's folder holds beside its database and key; archives have the same names. */
export const CERTIFICATES_FOLDER = "certificates";
export const PACKAGES_FOLDER = "packages";
