/** The report of a bulk run. Its method is the class's, because structured cloning refuses functions among an object's own fields. */
class RevokeCredentialsReport {
  #requests;

  constructor(fields, requests) {
    for (const name in fields) this[name] = fields[name]; // A page may have patched Object.assign.
    this.#requests = requests;
  }

  remaining() {
    return Object.values(this.#requests);
  }
}

/** `requests` has holes where other items were. */
export const newReport = (fields, requests) => new RevokeCredentialsReport(fields, requests);
