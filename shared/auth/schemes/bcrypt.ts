// bcrypt: $2a$, $2b$, $2y$.

import { bcryptVerify } from 'hash-wasm'

export const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/

/** Only so much of a password counts, in every implementation. */
const PASSWORD_BYTES_COUNTED = 72

export function bcryptCost(hash: string): number {
  return Number(BCRYPT.exec(hash)?.[1])
}

/** The hash itself for its own password, and nothing for another. */
export async function bcrypt(password: Uint8Array, hash: string): Promise<string> {
  const counted = password.subarray(0, PASSWORD_BYTES_COUNTED)
  return (await bcryptVerify({ password: counted, hash })) ? hash : ''
}
