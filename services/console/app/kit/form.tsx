// Forms: labels, hints, errors beside the field that they are about, and the focus in the first of them. Rules are the server's: a form
// sends what was typed and shows what came back.

import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { ApiFailure, fieldsOf } from '../api/problem.ts'
import { show } from './dialog.tsx'
import { explainFailure, explainFault } from './failure.tsx'
import { FaultLine } from './fault-line.tsx'
import { t } from './language.ts'
import { LeaveDialog } from './leave-dialog.tsx'
import { guardLeaving } from './location.ts'

export type Values = { readonly [name: string]: string | boolean }

export type Form<V extends Values> = {
  readonly values: V
  readonly set: (changes: Partial<V>) => void
  readonly errors: { readonly [name: string]: string }
  /** About no field that is shown. */
  readonly failure: unknown
  readonly isDirty: boolean
  readonly isBusy: boolean
  readonly submit: () => Promise<void>
  readonly reset: (values?: V) => void
  /** Where fields look for the one that is wrong. */
  readonly element: { current: HTMLFormElement | null }
  readonly known: Signal<Set<string>>
}

/** What a literal at the beginning may become. */
type Widened<V extends Values> = {
  readonly [name in keyof V]: V[name] extends string ? string : boolean
}

/** `send` rejects where it was refused; pointers of the problem name the fields. */
export function useForm<Initial extends Values>(options: {
  readonly initial: Initial
  readonly send: (values: Widened<Initial>) => Promise<unknown>
  /** What the API calls a field that is called otherwise here. */
  readonly names?: { readonly [apiName: string]: keyof Initial & string }
  /** Does not ask before somebody leaves with it half written. */
  readonly isFleeting?: boolean
}): Form<Widened<Initial>> {
  type V = Widened<Initial>
  const given: Values = options.initial
  const values = useSignal<V>(given as V)
  const initial = useSignal<V>(given as V)
  const errors = useSignal<{ readonly [name: string]: string }>({})
  const general = useSignal<unknown>(undefined)
  const isBusy = useSignal(false)
  const known = useSignal(new Set<string>())
  const element = useRef<HTMLFormElement | null>(null)
  const isDirty = Object.entries(values.value).some(
    ([name, value]) => value !== initial.value[name],
  )
  // What is sent leads on perhaps within a frame: by then nobody may be asked any more.
  useLayoutEffect(() => {
    if (!isDirty || options.isFleeting) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    const leave = guardLeaving(askToLeave)
    return () => {
      window.removeEventListener('beforeunload', warn)
      leave()
    }
  }, [isDirty, options.isFleeting])
  const submit = async () => {
    if (isBusy.value) return
    isBusy.value = true
    errors.value = {}
    general.value = undefined
    const sent = values.value
    const before = initial.value
    // What is sent is no longer unsaved: whoever sends may lead on to another page.
    initial.value = sent
    try {
      await options.send(sent)
    } catch (failure) {
      initial.value = before
      place(failure)
    } finally {
      isBusy.value = false
    }
  }
  const place = (failure: unknown) => {
    const found: { [name: string]: string } = {}
    if (failure instanceof ApiFailure) {
      for (const fault of failure.problem.errors) {
        const name = fieldsOf(fault)
          .map((field) => options.names?.[field] ?? field)
          .find((field) => known.value.has(field))
        if (name !== undefined && found[name] === undefined) {
          const isCode = failure.problem.code !== 'bad-value' && failure.problem.code !== 'invalid'
          found[name] = isCode ? explainFailure(failure) : explainFault(fault, failure.problem)
        }
      }
    }
    errors.value = found
    if (Object.keys(found).length === 0) general.value = failure
    if (!(failure instanceof ApiFailure)) console.error(failure)
  }
  // As soon as it is told: not a frame later, when somebody may be writing elsewhere.
  useLayoutEffect(() => {
    if (Object.keys(errors.value).length === 0 && general.value === undefined) return
    element.current?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus()
  }, [errors.value, general.value])
  return {
    values: values.value,
    set: (changes) => {
      values.value = { ...values.value, ...changes }
    },
    errors: errors.value,
    failure: general.value,
    isDirty,
    isBusy: isBusy.value,
    submit,
    reset: (to = initial.value) => {
      values.value = to
      initial.value = to
      errors.value = {}
      general.value = undefined
    },
    element,
    known,
  }
}

async function askToLeave(): Promise<boolean> {
  return (await show<boolean>((close) => <LeaveDialog close={close} />)) === true
}

/** Fields, what went wrong with none of them, and the verb. */
export function FormBody<V extends Values>({
  form,
  children,
  label,
  ...actions
}: {
  readonly form: Form<V>
  readonly children: ComponentChildren
  readonly label?: string
} & Partial<Actions>) {
  const { verb } = actions
  return (
    <form
      ref={form.element}
      class="form"
      noValidate
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault()
        void form.submit()
      }}
    >
      <FaultLine failure={form.failure} />
      {children}
      {verb !== undefined && <FormActions form={form} {...actions} verb={verb} />}
    </form>
  )
}

type Names<V, Kind> = { [name in keyof V]: V[name] extends Kind ? name : never }[keyof V] & string

type FieldOptions = {
  readonly label: string
  readonly hint?: ComponentChildren
  /** Beside the field: a unit, a button. */
  readonly after?: ComponentChildren
}

type InputOptions = {
  readonly type?: 'text' | 'email' | 'password' | 'search' | 'date'
  readonly inputMode?: 'numeric'
  readonly placeholder?: string
  readonly autofocus?: boolean
  readonly autocomplete?: string
  readonly isMono?: boolean
  readonly size?: 'short' | 'long'
  readonly rows?: number
}

export function TextField<V extends Values>({
  form,
  name,
  label,
  hint,
  after,
  isMono = false,
  size,
  rows,
  type = 'text',
  autocomplete = 'off',
  ...rest
}: { readonly form: Form<V>; readonly name: Names<V, string> } & FieldOptions & InputOptions) {
  const id = useId()
  form.known.value.add(name)
  const error = form.errors[name]
  const set = (value: string) => form.set({ [name]: value } as Partial<V>)
  const shared = {
    id,
    name,
    value: String(form.values[name]),
    class: `input ${isMono ? 'mono' : ''} ${size ?? ''}`,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-hint`,
    autocapitalize: 'off',
    spellcheck: false,
  } as const
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-row">
        {rows === undefined ? (
          <input
            {...rest}
            {...shared}
            type={type as 'text'}
            autocomplete={autocomplete}
            onInput={(event) => set(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...shared}
            rows={rows}
            placeholder={rest.placeholder}
            onInput={(event) => set(event.currentTarget.value)}
          />
        )}
        {after}
      </div>
      <FieldHint id={`${id}-hint`} error={error} hint={hint} />
    </div>
  )
}

/** Browsers and password managers fill it, or offer a new one. */
export function PasswordField<V extends Values>({
  isNew = false,
  ...rest
}: Omit<Parameters<typeof TextField<V>>[0], 'type' | 'autocomplete'> & {
  readonly isNew?: boolean
}) {
  return (
    <TextField
      {...rest}
      type="password"
      autocomplete={isNew ? 'new-password' : 'current-password'}
    />
  )
}

/** Whose password it is, for password managers alone. */
export function UnseenUsername({ address }: { readonly address: string }) {
  return (
    <input
      type="text"
      class="unseen"
      autocomplete="username"
      aria-hidden="true"
      tabIndex={-1}
      value={address}
      readOnly
    />
  )
}

export function SelectField<V extends Values>({
  form,
  name,
  label,
  hint,
  after,
  options,
}: { readonly form: Form<V>; readonly name: Names<V, string> } & FieldOptions & {
    readonly options: readonly { readonly value: string; readonly label: string }[]
  }) {
  const id = useId()
  form.known.value.add(name)
  const error = form.errors[name]
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-row">
        <select
          id={id}
          name={name}
          class="input"
          value={String(form.values[name])}
          aria-invalid={error !== undefined}
          aria-describedby={`${id}-hint`}
          onChange={(event) => form.set({ [name]: event.currentTarget.value } as Partial<V>)}
        >
          {options.map(({ value, label: text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        {after}
      </div>
      <FieldHint id={`${id}-hint`} error={error} hint={hint} />
    </div>
  )
}

export function CheckField<V extends Values>({
  form,
  name,
  label,
  hint,
}: { readonly form: Form<V>; readonly name: Names<V, boolean> } & FieldOptions) {
  const id = useId()
  form.known.value.add(name)
  const error = form.errors[name]
  return (
    <div class="field">
      <label class="check" for={id}>
        <input
          id={id}
          name={name}
          type="checkbox"
          checked={form.values[name] === true}
          aria-describedby={`${id}-hint`}
          onChange={(event) => form.set({ [name]: event.currentTarget.checked } as Partial<V>)}
        />
        <span>{label}</span>
      </label>
      <FieldHint id={`${id}-hint`} error={error} hint={hint} />
    </div>
  )
}

function FieldHint({
  id,
  error,
  hint,
}: {
  readonly id: string
  readonly error: string | undefined
  readonly hint: ComponentChildren
}) {
  return (
    <p id={id} class={error === undefined ? 'hint' : 'hint error'}>
      {error ?? hint}
    </p>
  )
}

type Actions = {
  readonly verb: string
  /** The way out: a link, or a button. */
  readonly cancel?: ComponentChildren
  /** Nothing to send before something is other than it was. */
  readonly needsChange?: boolean
}

export function FormActions<V extends Values>({
  form,
  verb,
  cancel,
  needsChange = false,
}: { readonly form: Form<V> } & Actions) {
  return (
    <div class="form-actions">
      <button
        type="submit"
        class="button filled"
        disabled={form.isBusy || (needsChange && !form.isDirty)}
        aria-busy={form.isBusy || undefined}
      >
        {verb}
      </button>
      {cancel}
      {needsChange && form.isDirty && (
        <button type="button" class="button quiet" onClick={() => form.reset()}>
          {t('act.discard')}
        </button>
      )}
    </div>
  )
}
