/** The script cannot begin: wrong arguments, or something that it needs is not there. Ends it with exit code 2. */
export class Precondition extends Error {
  name = 'Precondition';
  /** @param {string} message what is wrong @param {string} remedy what the user can do */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Something is not as it has to be: what the script is there to find. Ends it with exit code 1. */
export class Failure extends Error {
  name = 'Failure';
}
