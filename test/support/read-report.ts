// A report of delivery as Python's email package reads it.

import { fileURLToPath } from 'node:url'
import { isInstalled, runProgram } from './program.ts'

export type ReadReport = {
  readonly type: string
  readonly reportType: string
  /** By names in small letters. */
  readonly header: Readonly<Record<string, string>>
  /** What is not as a standard has it. */
  readonly defects: readonly string[]
  readonly text: string
  readonly statusType: string
  /** Fields of the message, then of each recipient. */
  readonly status: readonly Readonly<Record<string, string>>[]
  readonly returnedType: string | null
  /** Line ends are LF. */
  readonly returned: string | null
}

export const canReadReports = (): boolean => isInstalled('python3')

/** `message`: byte string. */
export async function readReport(message: string): Promise<ReadReport> {
  const script = fileURLToPath(new URL('./python/report.py', import.meta.url))
  const { code, stdout, stderr } = await runProgram('python3', [script], {
    input: Buffer.from(message, 'latin1'),
  })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** Of its recipients: `address action status`. */
export const outcomes = ({ status }: ReadReport): readonly string[] =>
  status.slice(1).map((one) => `${one['final-recipient']} ${one.action} ${one.status}`)
