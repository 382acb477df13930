import { CommandFailure } from '../failure.ts'

/** What needs the packages of AWS, which one machine need not have. */
export async function loadAws<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw error
    throw new CommandFailure(
      "the packages for AWS are not installed; 'npm ci' without --omit=dev installs them, and --from and files work without",
      'unavailable',
    )
  }
}
