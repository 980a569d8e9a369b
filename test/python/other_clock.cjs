// Preloaded into the helper (NODE_OPTIONS=--require): it runs on a machine whose clock is an hour ahead.
const Clock = Date;
globalThis.Date = class extends Clock {
  constructor(...given) {
    super(...(given.length > 0 ? given : [Date.now()]));
  }

  static now() {
    return Clock.now() + 3_600_000;
  }
};
