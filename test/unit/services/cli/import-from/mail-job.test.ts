import { describe, expect, it } from 'vitest'
import type { Context } from '#services/cli/context.ts'
import { bringByServer } from '#services/cli/import-from/mail-job.ts'
import { createOutput } from '#services/cli/output.ts'
import type { CommandMailImports, MailImportRequest } from '#services/cli/services.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import { FolderReport, type MailboxReport } from '#shared/moving/mailboxes/report.ts'

const address = 'ann@example.test'

function mailbox(unread: number): MailboxReport {
  const inbox = new FolderReport(['INBOX'], 'INBOX')
  inbox.unread = unread
  return {
    ...{ identity: 'imap:old.example:ann', account: address, dryRun: false },
    folders: [inbox.figures()],
    ...{ subscribed: 0, scripts: [], annotations: 0, rights: [], notes: [] },
  }
}

/** What a command says and how it ends, of a job that brought this. */
async function brought(line: MailboxReport): Promise<unknown> {
  const process = { say: () => undefined, environment: {} }
  const context = { process, output: createOutput(false, () => undefined) } as unknown as Context
  const job = { state: 'done', done: 1, failed: 0, counts: {} } as unknown as JobFacts
  const imports: CommandMailImports = {
    async *follow() {
      yield job
    },
    report: async () => ({ lines: [line], refusals: [] }),
  }
  const request: MailImportRequest = {
    source: { kind: 'imap', host: 'old.example', port: 993, tls: 'implicit', ca: undefined },
    accounts: [{ address, password: 'secretword' }],
    labels: 'folders',
    deletions: 'follow',
    ...{ rehearse: false, verify: false },
  }
  return await bringByServer(context, imports, request, {}).catch((error) => error)
}

describe('mailboxes that a server brings', () => {
  it('end the command as those that it brings itself', async () => {
    expect(await brought(mailbox(0))).toBeUndefined()
    expect(await brought(mailbox(2))).toMatchObject({
      message: `did not come, or not as a whole: 2 messages of ${address}; everything else is here`,
      exitStatus: 65,
    })
  })
})
