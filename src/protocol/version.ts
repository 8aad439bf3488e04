/** This release. A test holds it to package.json. */
export const sottoVersion = "0.1.0";
