/** Why a check could not look: what it needs is not there, or is the finding of another check. */
export class NotLooked extends Error {
  override readonly name = 'NotLooked';

  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

/** It could not look because another check has failed. */
export function blockedBy(check: string): NotLooked {
  return new NotLooked(`not looked at: the check ${check} has to be good first`);
}
