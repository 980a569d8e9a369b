/** Least milliseconds between two lines. */
const INTERVAL = 60_000;

/** Says something that may happen a thousand times a second at most once a minute, and how often it did. */
export class Seldom {
  private readonly _sentence: (times: number) => string;
  private _times = 0;
  private _timer: NodeJS.Timeout | null = null;

  constructor(sentence: (times: number) => string) {
    this._sentence = sentence;
  }

  say(): void {
    this._times++;
    if (!this._timer) {
      this._tell();
    }
  }

  private _tell(): void {
    this._timer = null;
    if (this._times > 0) {
      console.error(this._sentence(this._times));
      this._times = 0;
      this._timer = setTimeout(() => this._tell(), INTERVAL).unref();
    }
  }
}
