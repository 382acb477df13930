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

/** What the system's word for it leaves open: what to do. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process is using the port ('ss -ltnp' names it)",
  EROFS:
    'the file system is read-only; the log of the kernel says why (dmesg), often a disk that fails',
  ENOSPC: "the disk is full; 'postwolke storage collect --now' needs some room, so make some first",
  EADDRNOTAVAIL: 'this machine does not have the address',
}

const PORT_REFUSED =
  'this user may not take a port below 1024 (docs/service.md says how to let it), so choose another or start it as a service'

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  const isListen = 'syscall' in error && error.syscall === 'listen'
  if (isListen && code === 'EACCES') return PORT_REFUSED
  const path = 'path' in error ? String(error.path) : undefined
  if (path !== undefined && code === 'ENOENT') return `there is no ${path}`
  if (path !== undefined && code === 'EACCES') return `this user has no right to ${path}`
  return reasons[code] ?? error.message
}
