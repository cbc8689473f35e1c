/** The same as in package.json, which a library of ours does not carry along; a test compares them. */
export const version = "0.1.0"

/** Upstream's form, where 2.0.0 is the version of the driver's interface and the rest that of the build. */
export const vendorVersion = `2.0.0@v${version}`
