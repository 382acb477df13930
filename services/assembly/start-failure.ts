/** Why the system cannot start, in one line for whoever administers it. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
}

/** Rejects with a StartFailure that says what could not be done. */
export async function explained<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new StartFailure(`${what}: ${reasonOf(error)}`, { cause: error })
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process is using the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return reasons[code] ?? error.message
}
