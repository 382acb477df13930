import type { Command } from 'commander'
import type { Define } from './define.ts'
import { columns, warn } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke search`: what a few characters may mean. */
export function searchCommand(parent: Command, define: Define): void {
  define(parent.command('search <text>'), {
    about: 'find accounts, aliases, domains, messages, hosts and settings by a few characters',
    async run({ services, output, process }, [text]) {
      const found = await services.search(text)
      if (found.kind !== 'found') throw refused(found)
      output.print(found.groups, (width) => {
        const rows = found.groups.flatMap(({ kind, hits, rest, isMore }) => [
          ...hits.map(({ name, detail }) => [kind, name, detail]),
          ...(rest > 0 ? [[kind, `and ${rest}${isMore ? ' or' : ''} more`, '']] : []),
        ])
        return rows.length === 0
          ? [`nothing has '${text}' in its name`]
          : columns(['KIND', 'NAME', ''], rows, width)
      })
      if (!found.isComplete)
        warn(process, 'an older store is still being indexed: more may be there')
    },
  })
}
