// Where this browser keeps its devices: one for each scope and user, in IndexedDB.
// Private keys lie there as CryptoKey objects that no script can export.

const NAME = 'countersign'
const DEVICES = 'devices'

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(DEVICES)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function within(mode, act) {
  const database = await opened()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(DEVICES, mode)
      const request = act(transaction.objectStore(DEVICES))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error)
      transaction.onerror = () => reject(transaction.error)
    })
  } finally {
    database.close()
  }
}

const place = (scope, user) => `${scope}/${user}`

/** What is kept for a user of a scope: `{device, name, signature, encryption}`, or undefined. */
export const find = (scope, user) =>
  within('readonly', (devices) => devices.get(place(scope, user)))

/** Keep a device; `device` is null while its registration waits for approval. */
export const keep = (scope, user, device) =>
  within('readwrite', (devices) => devices.put(device, place(scope, user)))

export const forget = (scope, user) =>
  within('readwrite', (devices) => devices.delete(place(scope, user)))
