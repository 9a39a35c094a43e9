#include "kern/shell/shell.hpp"

#include "kern/base/log.hpp"

namespace pivot {

void Shell::run(MayBlock const& context, More more) {
    for (;;) {
        print("pivot> ");
        editor_.clear();
        atomic::store_release(&busy_, false);
        more(context);
        line_ready_.wait(context);
        if (!cancelled_) {
            execute(context);
        }
    }
}

void Shell::take(MayBlock const& context, u8 byte) {
    Typed const typed = editor_.feed(byte);
    if (typed == Typed::more) {
        return;
    }
    cancelled_ = typed == Typed::cancelled;
    atomic::store_release(&busy_, true);
    line_ready_.post(context);
}

void Shell::execute(MayBlock const& context) {
    if (editor_.is_overlong()) {
        log("a line has at most {} characters: ignored", LineEditor::kLongest);
        return;
    }
    Words const words(editor_.text());
    if (words.count() == 0) {
        return;
    }
    if (words.is(0, "help")) {
        help();
        return;
    }
    Command const* const command = find(words);
    if (command == nullptr) {
        log("{}: no such command; 'help' lists them", words[0]);
    } else if (words.count() > Words::kMost || !command->run(context, words)) {
        log("usage: {} {}", command->name, command->arguments);
    }
}

Command const* Shell::find(Words const& words) const {
    for (Registered<Command> const& list : lists_) {
        for (Command const& command : list) {
            if (words.is(0, command.name)) {
                return &command;
            }
        }
    }
    return nullptr;
}

u32 Shell::complete(const void* shell, const char* text, u32 length, char* rest) {
    char const* found = nullptr;
    u32 alike = 0;  // so many characters all that fit have in common
    u32 fits = 0;
    auto const look_at = [&](char const* name) {
        for (u32 i = 0; i < length; ++i) {
            if (name[i] != text[i]) {  // also where a name ends
                return;
            }
        }
        u32 i = length;
        while (name[i] != '\0' && (found == nullptr || (i < alike && name[i] == found[i]))) {
            ++i;
        }
        found = name;
        alike = i;
        ++fits;
    };
    look_at("help");
    for (Registered<Command> const& list : static_cast<Shell const*>(shell)->lists_) {
        for (Command const& command : list) {
            look_at(command.name);
        }
    }
    u32 count = 0;
    for (u32 i = length; fits != 0 && i < alike; ++i) {
        rest[count++] = found[i];
    }
    if (fits == 1) {
        rest[count++] = ' ';
    }
    return count;
}

void Shell::help() const {
    log("{-11}{-20} {}", "help", "", "this list");
    for (Registered<Command> const& list : lists_) {
        for (Command const& command : list) {
            log("{-11}{-20} {}", command.name, command.arguments, command.summary);
        }
    }
}

}  // namespace pivot
