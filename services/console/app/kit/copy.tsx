// Copying: a value, or what is shown as link, as curl, as command.

import { useState } from 'preact/hooks'
import { urlOf } from '../api/client.ts'
import { Button } from './button.tsx'
import { t } from './language.ts'
import { Menu } from './menu.tsx'
import { toast } from './toast.tsx'

const TOLD_MS = 2_000

export async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text)
}

export function CopyButton({
  text,
  label,
  what,
}: {
  readonly text: string
  /** On the button; without it there is the icon alone. */
  readonly label?: string
  /** Read out: what is copied. */
  readonly what?: string
}) {
  const [isDone, setDone] = useState(false)
  return (
    <Button
      look={label === undefined ? 'quiet' : 'plain'}
      icon={isDone ? 'check' : 'copy'}
      {...(label === undefined && {
        'aria-label': what === undefined ? t('copy.copy') : t('copy.what', { what }),
        title: t('copy.copy'),
      })}
      onPress={async () => {
        await copy(text)
        setDone(true)
        setTimeout(() => setDone(false), TOLD_MS)
      }}
    >
      {label === undefined ? undefined : isDone ? t('copy.done') : label}
    </Button>
  )
}

/** A view as others can have it: query names are the API's, so that it is mechanical. */
export function CopyAs({
  path,
  query,
  command,
}: {
  readonly path: string
  readonly query?: { readonly [name: string]: string | undefined }
  /** Where the command line can show the same. */
  readonly command?: string
}) {
  const as = (text: string) => async () => {
    await copy(text)
    toast({ text: t('copy.done') })
  }
  const url = () => new URL(urlOf(path, query), window.location.origin).href
  return (
    <Menu
      label={t('copy.as')}
      icon="copy"
      items={[
        { label: t('copy.link'), act: as(window.location.href) },
        {
          label: 'curl',
          act: as(
            `curl -H "Authorization: Bearer $POSTWOLKE_TOKEN" '${url().replaceAll("'", '%27')}'`,
          ),
        },
        ...(command === undefined ? [] : [{ label: 'postwolke', act: as(command) }]),
      ]}
    />
  )
}
