// Dialogs over the page: the browser's own, which keeps the focus in and gives it back. One asks and waits for the answer.

import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { FaultLine } from './fault-line.tsx'
import { t } from './language.ts'

type Shown = { readonly id: number; readonly content: () => ComponentChildren }

const shown = signal<readonly Shown[]>([])
let nextId = 1

/** Shows what `content` makes until it is closed with an answer; undefined: it was left. */
export function show<Answer>(
  content: (close: (answer?: Answer) => void) => ComponentChildren,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const id = nextId++
    const close = (answer?: Answer) => {
      shown.value = shown.value.filter((each) => each.id !== id)
      resolve(answer)
    }
    shown.value = [...shown.value, { id, content: () => content(close) }]
  })
}

export function Dialogs() {
  return (
    <>
      {shown.value.map(({ id, content }) => (
        <div key={id}>{content()}</div>
      ))}
    </>
  )
}

export function Dialog({
  title,
  children,
  actions,
  onClose,
  onSubmit,
  isWide = false,
}: {
  readonly title: string
  readonly children: ComponentChildren
  readonly actions?: ComponentChildren
  readonly onClose: () => void
  readonly onSubmit?: () => unknown
  readonly isWide?: boolean
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // Before the next key, which may come sooner than the next frame.
  useLayoutEffect(() => {
    const element = dialog.current
    if (element?.open === false) element.showModal()
    return () => element?.close()
  }, [])
  const body = (
    <>
      <h2 id={heading}>{title}</h2>
      <div class="dialog-body">{children}</div>
      {actions && <div class="dialog-actions">{actions}</div>}
    </>
  )
  return (
    <dialog
      ref={dialog}
      class={isWide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      {onSubmit ? (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            void onSubmit()
          }}
        >
          {body}
        </form>
      ) : (
        body
      )}
    </dialog>
  )
}

/**
 * Asks before something is done; does it while the dialog is open, and stays with what went wrong. `typed`: has to be written out, for what
 * cannot be had back. Resolves to whether it was done.
 */
export async function confirm(question: {
  readonly title: string
  readonly text: ComponentChildren
  readonly verb: string
  readonly isDangerous?: boolean
  readonly typed?: string
  readonly act: () => Promise<unknown>
}): Promise<boolean> {
  const done = await show<true>((close) => <Confirmation {...question} close={close} />)
  return done === true
}

function Confirmation({
  title,
  text,
  verb,
  isDangerous = false,
  typed,
  act,
  close,
}: Parameters<typeof confirm>[0] & { readonly close: (done?: true) => void }) {
  const [failure, setFailure] = useState<unknown>()
  const [written, setWritten] = useState('')
  const label = useId()
  const isReady = typed === undefined || written.trim() === typed
  const run = async () => {
    if (!isReady) return
    try {
      await act()
      close(true)
    } catch (error) {
      setFailure(error)
    }
  }
  return (
    <Dialog
      title={title}
      onClose={() => close()}
      onSubmit={run}
      actions={
        <>
          <Button
            look="plain"
            onPress={() => close()}
            autofocus={isDangerous && typed === undefined}
          >
            {t('act.cancel')}
          </Button>
          <Button look={isDangerous ? 'danger' : 'filled'} disabled={!isReady} onPress={run}>
            {verb}
          </Button>
        </>
      }
    >
      <div class="prose">{text}</div>
      {typed !== undefined && (
        <div class="field">
          <label for={label}>{t('confirm.typed', { text: typed })}</label>
          <input
            id={label}
            class="input mono"
            value={written}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setWritten(event.currentTarget.value)}
          />
        </div>
      )}
      <FaultLine failure={failure} />
    </Dialog>
  )
}
