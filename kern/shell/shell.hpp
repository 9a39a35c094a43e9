// The shell: a prompt, a line, a command, again.
//
// Who: run: one thread. wants, take: the console's bottom half. Lock order: none held while a
// command runs.
//
// A line goes from the bottom half to the thread in place. Until the thread has run it and printed
// the next prompt, the shell wants no bytes, so what is typed ahead is echoed where it belongs,
// behind the prompt that it answers, and a paste is held back at its source instead of being
// dropped:
//
//     bottom half                               thread
//     wants()? take(byte) -> editor             line_ready_.wait
//     whole: busy_ = true, post                 run the command, print the prompt
//     (wants nothing)                           clear, busy_ = false, more()
//
// Commands are a constexpr table that the image gives, so this file depends on nothing that they
// need (kern/pivot/ is such an image, and lies right of everything, as kern/main.cpp does).
#pragma once

#include "kern/base/atomic.hpp"
#include "kern/base/registered.hpp"
#include "kern/semaphore.hpp"
#include "kern/shell/line_editor.hpp"
#include "kern/shell/words.hpp"

namespace pivot {

// A command of the shell: a word, what it is for, and what it does.
struct Command {
    const char* name;       // the word
    const char* arguments;  // for help; "" if it takes none
    const char* summary;    // what it does, for `help`
    // False if the arguments make no sense: the shell then prints the usage.
    bool (*run)(MayBlock const& context, Words const& words);
};

class Shell {
  public:
    // `more` tells the console that the shell wants bytes again.
    using More = void (*)(MayBlock const& context);

    // `own`: what was registered beside the table.
    template <usize N>
    constexpr Shell(LineEditor::Echo echo, Command const (&commands)[N],
                    Registered<Command> own = {nullptr, nullptr})
        : editor_(echo, &complete, this), lists_{{commands, commands + N}, own} {}

    // Reads and runs commands, for ever. `help` is built in.
    [[noreturn]] void run(MayBlock const& context, More more);

    // Whether it takes another byte now: not before it runs, nor while a command does.
    [[nodiscard]] bool wants() const { return !atomic::load_acquire(&busy_); }
    // Takes a typed byte, only if wants(). A whole line its thread runs. The console's bottom half.
    void take(MayBlock const& context, u8 byte);

  private:
    void execute(MayBlock const& context);
    // Of the first word: the names of the commands.
    static u32 complete(const void* shell, const char* text, u32 length, char* rest);
    [[nodiscard]] Command const* find(Words const& words) const;
    void help() const;

    LineEditor editor_;
    Registered<Command> lists_[2];
    bool busy_ = true;  // the thread owns the editor
    bool cancelled_ = false;
    Semaphore line_ready_{"shell"};
};

}  // namespace pivot
