// Rahmen, Anmeldung, Baukasten.

import type { MessageText } from '../../kit/message.ts'
import type { shell as english } from '../en/shell.ts'

export const shell = {
  'entry.overview': 'Übersicht',
  'entry.queue': 'Warteschlange',
  'entry.trace': 'Verfolgung',
  'entry.quarantine': 'Quarantäne',
  'entry.accounts': 'Konten',
  'entry.domains': 'Domains',
  'entry.policy': 'Regeln',
  'entry.service': 'Dienst',
  'entry.audit': 'Protokoll',

  'frame.skip': 'Zum Inhalt',
  'frame.menu': 'Menü',
  'frame.search': 'Adresse, Domain, Queue-ID, Rechner, Einstellung',
  'frame.entries': 'Hauptnavigation',
  'frame.account': 'Ihr Konto',

  'role.owner': 'Eigentümer',
  'role.domain-admin': 'Domain-Verwalter',
  'role.auditor': 'Prüfer',
  'role.help-desk': 'Helpdesk',
  'role.holder': 'Kontoinhaber',

  'scheme.system': 'Farben: wie das System',
  'scheme.light': 'Farben: hell',
  'scheme.dark': 'Farben: dunkel',

  'keys.title': 'Tastenkürzel',
  'keys.search': 'Suchen',
  'keys.rows': 'Nächste und vorige Zeile',
  'keys.select': 'Zeile auswählen, Bereich auswählen',
  'keys.open': 'Zeile öffnen',
  'keys.actions': 'Aktionen der Zeile',
  'keys.reload': 'Neu laden',
  'keys.back': 'Zurück',
  'keys.letters': 'Einzelne Buchstaben wirken',

  'palette.title': 'Suche',
  'palette.open': 'Öffnen',
  'palette.places': 'Gehe zu',
  'palette.accounts': 'Konten',
  'palette.aliases': 'Aliasse',
  'palette.domains': 'Domains',
  'palette.settings': 'Einstellungen',
  'palette.rest': 'und {rest} weitere',
  'palette.nothing': 'Nichts gefunden, was Sie sehen dürfen.',

  'signIn.title': 'Anmelden',
  'signIn.again': 'Erneut anmelden',
  'signIn.kept': 'Ihre Sitzung ist abgelaufen. Was Sie eingegeben haben, bleibt erhalten.',
  'signIn.address': 'E-Mail-Adresse',
  'signIn.password': 'Passwort',
  'signIn.passkey': 'Passkey',
  'signIn.totp': 'Code aus Ihrer Authenticator-App',
  'signIn.recovery': 'Wiederherstellungscode',
  'signIn.totpHint': 'Sechs Ziffern, alle 30 Sekunden neu.',
  'signIn.recoveryHint': 'Einer der Codes, die Sie aufbewahrt haben. Jeder gilt einmal.',
  'signIn.passkeyHint': 'Ihr Gerät oder Browser bittet Sie um Bestätigung.',
  'signIn.usePasskey': 'Passkey verwenden',
  'signIn.instead': 'Stattdessen: {way}',

  'signIn.oidc': 'Mit Ihrer Organisation anmelden',
  'signIn.withPasskey': 'Mit Passkey anmelden',
  'signIn.forgotten': 'Passwort vergessen?',

  'stepUp.title': 'Bestätigen Sie, dass Sie es sind',
  'stepUp.why': 'Dafür ist ein Nachweis nötig, der nicht älter als fünf Minuten ist.',
  'stepUp.verb': 'Bestätigen',

  'forgotten.title': 'Passwort vergessen',
  'forgotten.text':
    'Hat Ihr Postfach eine Adresse zur Wiederherstellung, wird dorthin ein Link für ein neues Passwort geschickt. Sonst können Ihnen die Betreiber dieses Systems einen Link geben.',
  'forgotten.verb': 'Link schicken',
  'forgotten.done':
    'Gibt es dieses Postfach und hat es eine Adresse zur Wiederherstellung, ist ein Link dorthin unterwegs. Er gilt eine Stunde.',
  'failure.passkeyDomain':
    'Passkeys gelten hier für einen anderen Namen als {host}. Öffnen Sie die Konsole unter ihrer üblichen Adresse oder melden Sie sich mit Passwort und Code an; den Namen nennt die Einstellung passkeyDomain.',
  'failure.passkeyRefused':
    'Der Browser hat keinen Passkey gegeben: abgebrochen, zu spät, oder dieses Gerät hat keinen für diese Seite.',
  'failure.passkeyThere': 'Dieses Gerät hat schon einen Passkey für dieses Postfach.',

  'recovery.title': 'Adresse zur Wiederherstellung',
  'recovery.text':
    'Eine Adresse anderswo. Wenn Sie Ihr Passwort vergessen, wird dorthin ein Link für ein neues geschickt.',
  'recovery.address': 'Adresse anderswo',
  'recovery.verb': 'Link zum Bestätigen schicken',
  'recovery.asked':
    'An {address} wurde ein Link geschickt. Die Adresse gilt, sobald Sie ihn öffnen.',
  'recovery.waits': 'Ein Link ist unterwegs; er bestätigt eine neue Adresse bis',
  'recovery.removed': 'Es wird kein Link mehr verschickt',
  'recovery.confirmText':
    '{recoveryAddress} wird Adresse zur Wiederherstellung von {address}: Wird dessen Passwort vergessen, geht dorthin ein Link für ein neues.',
  'recovery.confirm': 'Diese Adresse bestätigen',
  'recovery.confirmed':
    'Fertig. Links für ein neues Passwort von {address} gehen ab jetzt hierher.',

  'welcome.title': 'Willkommen',
  'welcome.owner': 'Dieser Link macht Sie zum Eigentümer dieses Mailsystems. Er gilt einmal.',
  'welcome.addressHint':
    'Ihre Adresse hier. Gibt es das Konto nicht, wird es angelegt, auch die Domain; eines, das es gibt, behält seine Mail und erhält dieses Passwort.',
  'welcome.isOwner': 'Sie sind jetzt Eigentümer dieses Mailsystems.',
  'welcome.factor':
    'Wer Ihr Passwort kennt, kann hier alles. Ein zweiter Faktor, ein Passkey oder eine Authenticator-App, hält andere draußen.',
  'welcome.setUpFactor': 'Zweiten Faktor einrichten',
  'welcome.later': 'Später',
  'welcome.password': 'Wählen Sie ein neues Passwort für {address}.',
  'welcome.done': 'Fertig. Sie können sich jetzt anmelden.',
  'welcome.noLink':
    'Dieser Link ist unvollständig. Öffnen Sie ihn genau so, wie Sie ihn erhalten haben.',

  'notHere.title': 'Diese Seite gibt es nicht',
  'notHere.text': 'Unter {path} ist nichts',
  'notHere.home': 'Zum Anfang',
  'noRight.title': 'Nicht für Sie bestimmt',
  'noRight.text': 'Ihre Rolle, {role}, reicht für diese Seite nicht.',
  'noRight.ask': 'Nötig ist das Recht {right}. Ein Eigentümer kann es Ihnen geben.',

  'state.loading': 'Wird geladen …',
  'state.notLoaded': 'Nicht geladen',
  'state.gone': 'Keine Antwort',
  'state.reconnecting': 'Der Server antwortet nicht. Neuer Versuch …',
  'state.lastGood': 'Zuletzt geladen',

  'failure.unreachable':
    'Der Server antwortet nicht. Nichts ging verloren; versuchen Sie es erneut.',
  'failure.bug': 'In dieser Seite ging etwas schief. Laden Sie sie neu.',

  'act.undo': 'Rückgängig',
  'act.close': 'Schließen',
  'act.cancel': 'Abbrechen',
  'act.retry': 'Erneut versuchen',
  'act.back': 'Zurück',
  'act.save': 'Speichern',
  'act.remove': 'Entfernen',
  'act.delete': 'Löschen',
  'act.end': 'Beenden',
  'act.discard': 'Änderungen verwerfen',
  'act.signIn': 'Anmelden',
  'act.signOut': 'Abmelden',
  'act.done': 'Fertig',
  'act.continue': 'Weiter',
  'act.clearFilter': 'Filter löschen',

  'confirm.typed': 'Geben Sie zur Bestätigung {text} ein',

  'conflict.title': 'Inzwischen geändert',
  'conflict.text':
    'Jemand anderes hat gespeichert, nachdem Sie dies geöffnet haben. Wählen Sie, was gilt.',
  'conflict.field': 'Feld',
  'conflict.yours': 'Ihre Fassung',
  'conflict.theirs': 'Andere Fassung',
  'conflict.keepYours': 'Meine speichern',
  'conflict.keepTheirs': 'Andere übernehmen',

  'leave.title': 'Ohne Speichern verlassen?',
  'leave.text': 'Was Sie hier geändert haben, ist nicht gespeichert.',
  'leave.discard': 'Verlassen',
  'leave.stay': 'Bleiben',

  'copy.copy': 'Kopieren',
  'copy.what': '{what} kopieren',
  'copy.done': 'Kopiert',
  'copy.as': 'Kopieren als',
  'copy.link': 'Link',

  'table.select': '{what} auswählen',
  'table.selectAll': 'Alle gezeigten Zeilen auswählen',
  'table.sort': 'Sortieren nach',
  'table.actions': 'Aktionen',
  'table.actionsOf': 'Aktionen von {what}',
  'table.shownOf': '{shown} von {total}, mehr beim Blättern',
  'table.count': { one: '{count} Zeile', other: '{count} Zeilen' },
  'table.moreThan': {
    one: 'mehr als {count} Zeile',
    other: 'mehr als {count}, mehr beim Blättern',
  },
  'table.selected': { one: '{count} ausgewählt', other: '{count} ausgewählt' },
  'table.allThatMatch': 'Alle {count} auswählen, die passen',
  'table.clear': 'Nichts auswählen',
  'table.noHits': 'Zu diesem Filter passt nichts',

  yes: 'ja',
  no: 'nein',
} as const satisfies { readonly [key in keyof typeof english]: MessageText }
