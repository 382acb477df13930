/** The data folder, or what a deployment stores, is not what it should be; nothing in it was touched. The message says what to do. */
export class UnusableStore extends Error {
  override readonly name = 'UnusableStore'
}

export const RESTORE = 'restore the whole data folder from a backup'
