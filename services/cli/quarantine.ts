import type { Command } from 'commander'
import type { QuarantineFacts } from '#shared/administration/quarantine/quarantine.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Define } from './define.ts'
import { columns, formatBytes, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'
import { warnAll } from './warning-text.ts'

/** `postwolke quarantine …`: mail that policy or a filter had set aside. */
export function quarantineCommands(parent: Command, define: Define): void {
  const quarantine = parent.command('quarantine').description('mail that was set aside')

  define(quarantine.command('list'), {
    about: 'list what waits in quarantine, oldest first',
    async run({ administration, output }) {
      const all: QuarantineFacts[] = []
      let after: string | undefined
      do {
        const page = await administration.quarantine.page({ after })
        if (page.kind !== 'page') throw refused(page)
        all.push(...page.items)
        after = page.next
      } while (after !== undefined)
      output.print(all.map(shown), (width) =>
        all.length === 0
          ? ['nothing is in quarantine']
          : columns(
              ['QUEUE ID', 'ARRIVED', 'FROM', 'TO', 'SUBJECT', 'REASON'],
              all.map((one) => [
                one.queueId,
                formatTime(one.arrivedMs),
                one.from || one.sender || '<>',
                one.recipients.join(' '),
                one.subject,
                one.reason,
              ]),
              width,
            ),
      )
    },
  })

  define(quarantine.command('show <queue-id>'), {
    about: 'show a message in quarantine: what spoke against it, and the beginning of its text',
    async run({ administration, output }, [queueId]) {
      const found = await administration.quarantine.show(queueId)
      if (found.kind !== 'quarantined') throw refused(found)
      const { message, reasons, preview } = found
      output.print({ ...shown(message), reasons, preview }, () => [
        `queue id    ${message.queueId}`,
        `arrived     ${formatTime(message.arrivedMs)} from ${message.remoteAddress}${message.login === null ? '' : ` as ${message.login}`}`,
        `size        ${formatBytes(message.bytes)}`,
        `sender      ${message.sender || '<>'}`,
        `recipients  ${message.recipients.join(' ')}`,
        `reason      ${message.reason}`,
        ...(message.endsMs === null ? [] : [`deleted     ${formatTime(message.endsMs)}`]),
        ...reasons.map(({ by, verdict, found, points }) =>
          [
            'against',
            `    ${by}: ${verdict}`,
            found ?? '',
            points === null ? '' : `${points} points`,
          ]
            .filter((text) => text !== '')
            .join(' '),
        ),
        '',
        `From: ${preview.from}`,
        `To: ${preview.to}`,
        `Date: ${preview.date}`,
        `Subject: ${preview.subject}`,
        '',
        ...preview.text.split(/\r?\n/),
        ...(preview.isCut ? ['…'] : []),
        ...preview.attachments.map(
          ({ name, type, bytes }) => `[${name || 'attachment'}, ${type}, ${formatBytes(bytes)}]`,
        ),
      ])
    },
  })

  define<{ to?: readonly string[]; notSpam?: boolean }>(quarantine.command('release <queue-id>'), {
    about: 'let a message go to its recipients',
    options: (command) =>
      command
        .option('--to <addresses...>', 'only to these of its recipients')
        .option('--not-spam', 'let its sender in from now on, too'),
    async run({ administration, output, process }, [queueId], { to, notSpam }) {
      const request = { queueId, recipients: to, allowSender: notSpam }
      const done = await administration.quarantine.release(request)
      if (done.kind !== 'released') throw refused(done)
      output.print({ released: done.queueId, recipients: done.recipients }, () => [
        `${done.queueId} released to ${done.recipients.join(' ')}`,
      ])
      warnAll(process, done.warnings)
    },
  })

  define<{ yes?: boolean }>(quarantine.command('delete <queue-id>'), {
    about: 'delete a message from quarantine; nobody is told',
    options: (command) => command.option(...yesOption),
    async run({ administration, output, process }, [queueId], options) {
      await confirm(process, `the message ${queueId}`, options)
      const gone = await administration.quarantine.remove(queueId)
      if (gone.kind !== 'removed') throw refused(gone)
      output.print({ deleted: gone.queueId }, () => [`${gone.queueId} deleted`])
    },
  })
}

const shown = ({ arrivedMs, endsMs, ...facts }: QuarantineFacts) => ({
  ...facts,
  arrived: formatTime(arrivedMs),
  ends: endsMs === null ? null : formatTime(endsMs),
})
